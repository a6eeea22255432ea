#include "training/mix.h"

#include <torch/types.h>

#include "support/catch.h"

namespace interlock::training {
namespace {

using config::MixKind;

// Mixes, on `stage` of four with horizon 3, gradients that hold one number each; notes which are asked for.
double mix(MixKind kind, const std::vector<double>& weights, int stage, const std::map<int, double>& deltas,
           std::vector<int>* asked = nullptr) {
  config::LearningConfig learning;
  learning.horizon = 3;
  learning.mix = kind;
  learning.mix_weights = weights;
  const schedule::GradientRule rule(4, learning);
  const at::Tensor mixed = mix_gradients(rule, stage, [&](int loss) {
    if (asked != nullptr) asked->push_back(loss);
    return torch::full({1}, deltas.at(loss));
  });
  return mixed.item<double>();
}

const std::map<int, double> kDeltas = {{0, 1}, {1, 16}, {2, 256}, {3, 4096}};

TEST_CASE("farthest takes the one gradient as it is") {
  CHECK(mix(MixKind::kFarthest, {}, 0, kDeltas) == 256);
  CHECK(mix(MixKind::kFarthest, {}, 1, kDeltas) == 4096);
  CHECK(mix(MixKind::kFarthest, {}, 3, kDeltas) == 4096);
  config::LearningConfig learning;
  learning.horizon = 3;
  const at::Tensor delta = torch::ones({2});
  CHECK(mix_gradients(schedule::GradientRule(4, learning), 0, [&](int) { return delta; }).is_same(delta));
}

TEST_CASE("sum, mean and weights combine what reaches the stage") {
  CHECK(mix(MixKind::kSum, {}, 0, kDeltas) == 1 + 16 + 256);
  CHECK(mix(MixKind::kSum, {}, 2, kDeltas) == 256 + 4096);
  CHECK(mix(MixKind::kMean, {}, 0, kDeltas) == Approx((1 + 16 + 256) / 3.0));
  CHECK(mix(MixKind::kMean, {}, 2, kDeltas) == (256 + 4096) / 2);
  CHECK(mix(MixKind::kWeights, {0.5, 2, 0.25}, 1, kDeltas) == 8 + 512 + 1024);
  CHECK(mix(MixKind::kWeights, {0.5, 2, 0.25}, 3, kDeltas) == 2048);
}

TEST_CASE("only gradients that weigh something are asked for, in ascending order") {
  std::vector<int> asked;
  mix(MixKind::kWeights, {1, 0, 1}, 1, kDeltas, &asked);
  CHECK(asked == std::vector<int>{1, 3});
  asked.clear();
  mix(MixKind::kSum, {}, 0, kDeltas, &asked);
  CHECK(asked == std::vector<int>{0, 1, 2});
}

TEST_CASE("terms are added in ascending order of their losses") {
  // In float32 1e8 + 1 is 1e8, so only this order gives 0.
  CHECK(mix(MixKind::kSum, {}, 0, {{0, 1e8}, {1, 1}, {2, -1e8}}) == 0);
}

}  // namespace
}  // namespace interlock::training
