#include "training/gradient_clipping.h"

#include <cmath>
#include <limits>

#include "support/small_runs.h"

namespace interlock::training {
namespace {

TEST_CASE("the sum of squares is over all elements of all tensors, in float64") {
  torch::manual_seed(1);
  const std::vector<at::Tensor> tensors = {torch::randn({7, 5}), torch::randn({3}), torch::full({2}, 100.0F)};
  double expected = 0;
  for (const at::Tensor& tensor : tensors) expected += tensor.to(at::kDouble).square().sum().item<double>();
  const at::Tensor found = sum_of_squares(tensors);
  CHECK(found.scalar_type() == at::kDouble);
  CHECK(found.dim() == 0);
  CHECK(found.item<double>() == Approx(expected).epsilon(1e-6));
}

TEST_CASE("the divisor brings the norm to the limit, and is 1 below it") {
  for (const auto& [squares, limit, expected] :
       {std::tuple{16.0, 2.0, 2.0}, {16.0, 8.0, 1.0}, {0.0, 1.0, 1.0}, {1e12, 1.0, 1e6}}) {
    CHECK(clip_divisor(squares, limit) == Approx(expected).epsilon(1e-6));
    CHECK(clip_divisor(torch::tensor(squares, torch::kDouble), limit).item<double>() ==
          clip_divisor(squares, limit));
  }
  CHECK(clip_divisor(16, 8) == 1);
}

TEST_CASE("a norm that is no number does not pass for a small one") {
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(clip_divisor(nothing, 1)));
  CHECK(std::isnan(clip_divisor(torch::tensor(nothing, torch::kDouble), 1).item<double>()));
}

TEST_CASE("the lowest stage with a copy counts the tied matrix; without copies none does") {
  models::Blueprint blueprint;
  for (const int copies : {0, 2, 0, 1}) {
    models::StageBlueprint stage;
    stage.stage = static_cast<int>(blueprint.stages.size());
    stage.tied_weights = copies;
    blueprint.stages.push_back(stage);
  }
  for (int stage = 0; stage < 4; ++stage) CHECK(counts_tied_matrix(blueprint, stage) == (stage == 1));
  for (models::StageBlueprint& stage : blueprint.stages) stage.tied_weights = 0;
  for (int stage = 0; stage < 4; ++stage) CHECK_FALSE(counts_tied_matrix(blueprint, stage));
}

}  // namespace
}  // namespace interlock::training
