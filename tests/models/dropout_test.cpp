#include "models/layer_sequence.h"
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
