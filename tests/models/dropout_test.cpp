#include "common/random.h"
#include "models/layer_sequence.h"
#include "models/layers/dropout_mask.h"
#include "models/layers/registry.h"
#include "models_support.h"

namespace interlock::models {
namespace {

at::Tensor mask(std::uint64_t seed, std::uint64_t layer) {
  const LayerPtr dropout = make_layer(layers_of("[{dropout: {p: 0.25}}]").front());
  return dropout->forward(torch::ones({100, 50}), {true, seed, layer});
}

TEST_CASE("a dropout mask depends on seed and layer, not on what was drawn before") {
  const at::Tensor first = mask(1, 2);
  torch::manual_seed(77);
  (void)torch::randn({10});
  (void)mask(5, 5);
  CHECK(mask(1, 2).equal(first));
  CHECK_FALSE(mask(2, 2).equal(first));
  CHECK_FALSE(mask(1, 3).equal(first));
}

TEST_CASE("dropout zeroes about p of the values and scales the others to keep the mean") {
  const at::Tensor values = mask(1, 2);
  const at::Tensor kept = values.masked_select(values.ne(0));
  CHECK(kept.numel() / 5000.0 == Approx(0.75).margin(0.02));
  CHECK(kept.min().item<double>() == Approx(1 / 0.75));
  CHECK(kept.max().item<double>() == Approx(1 / 0.75));
}

TEST_CASE("a mask composed of a device's operators is the looped one to the last bit") {
  for (const double keep : {0.9, 0.5, 0.25, 1.0, 1e-3}) {
    const DropoutDraw draw{derive_seed(3, SeedPurpose::kDropout, {7}), keep, 0};
    for (const std::int64_t first : {0L, 1L, 123456789L, 1L << 40}) {
      const at::Tensor looped = looped_dropout_mask(first, 3000, draw);
      CHECK(composed_dropout_mask(first, 3000, draw, at::kCPU).equal(looped));
    }
  }
}

TEST_CASE("a mask's share of kept elements is the probability, and neighbours are independent") {
  constexpr std::int64_t kCount = 1 << 20;
  for (const double keep : {0.9, 0.5, 0.1}) {
    const at::Tensor kept = looped_dropout_mask(0, kCount, {11, keep, 0}).ne(0).to(torch::kDouble);
    const double deviation = std::sqrt(keep * (1 - keep) / kCount);
    CHECK(std::abs(kept.mean().item<double>() - keep) < 5 * deviation);
    for (const std::int64_t lag : {1, 2, 3, 64, 1024}) {
      const at::Tensor product = (kept.slice(0, lag) - keep) * (kept.slice(0, 0, kCount - lag) - keep);
      CHECK(std::abs(product.mean().item<double>()) < 5 * keep * (1 - keep) / std::sqrt(kCount));
    }
  }
}

TEST_CASE("a replica's mask is its rows of the whole one, images included, whatever the strides") {
  for (const std::vector<std::int64_t>& sizes : {std::vector<std::int64_t>{6, 5, 4}, {6, 3, 4, 2}}) {
    const at::Tensor whole = dropout_mask(sizes, {5, 0.7, 0}, at::kCPU);
    std::vector<std::int64_t> part = sizes;
    part[0] = 2;
    CHECK(dropout_mask(part, {5, 0.7, 3}, at::kCPU).equal(whole.narrow(0, 3, 2)));
  }
}

TEST_CASE("a mask's numbers are SplitMix64's of the seed, from its first on") {
  SplitMix64 random(42);
  const at::Tensor mask = looped_dropout_mask(0, 100, {42, 0.5, 0});
  for (std::int64_t i = 0; i < 100; ++i)
    CHECK((mask[i].item<float>() != 0) == (static_cast<std::int64_t>(random.next()) < 0));
}

TEST_CASE("dropout lets everything through in evaluation and with p = 0") {
  const at::Tensor x = torch::randn({4, 4});
  CHECK(make_layer(layers_of("[{dropout: {p: 0.9}}]").front())->forward(x, {false, 1, 0}).equal(x));
  CHECK(make_layer(layers_of("[{dropout: {p: 0}}]").front())->forward(x, {true, 1, 0}).equal(x));
}

TEST_CASE("a network draws the same dropout on every cut") {
  const std::vector<config::LayerSpec> specs =
      layers_of("[{dropout: {p: 0.5}}, relu, {dropout: {p: 0.5}}, {dropout: {p: 0.5}}]");
  const LayerSequence whole(specs, "layers", 0, 1, SeedPurpose::kLayerWeights, 0);
  const LayerSequence lower({specs.begin(), specs.begin() + 3}, "layers", 0, 1, SeedPurpose::kLayerWeights,
                            0);
  const LayerSequence upper({specs.begin() + 3, specs.end()}, "layers", 3, 1, SeedPurpose::kLayerWeights, 0);
  const at::Tensor x = torch::ones({20, 20});
  const ForwardContext context{true, 9, 0};
  CHECK(upper.forward(lower.forward(x, context), context).equal(whole.forward(x, context)));
}

TEST_CASE("heads draw other dropout than main layers and than each other") {
  const std::vector<config::LayerSpec> specs = layers_of("[{dropout: {p: 0.5}}]");
  const LayerSequence main(specs, "layers", 0, 1, SeedPurpose::kLayerWeights, 0);
  const LayerSequence head0(specs, "heads.0", 0, 1, SeedPurpose::kHeadWeights, 0);
  const LayerSequence head1(specs, "heads.1", 0, 1, SeedPurpose::kHeadWeights, 1);
  const at::Tensor x = torch::ones({20, 20});
  const ForwardContext context{true, 9, 0};
  CHECK_FALSE(head0.forward(x, context).equal(main.forward(x, context)));
  CHECK_FALSE(head0.forward(x, context).equal(head1.forward(x, context)));
}

}  // namespace
}  // namespace interlock::models
