#include "schedule/learning_rate.h"

#include <cmath>

#include "support/catch.h"

namespace interlock::schedule {
namespace {

using config::LearningRateKind;
using config::OptimizerConfig;

OptimizerConfig optimizer(LearningRateKind kind, double lr, std::int64_t warmup = 0) {
  OptimizerConfig config;
  config.lr = lr;
  config.schedule.kind = kind;
  config.schedule.warmup_steps = warmup;
  return config;
}

TEST_CASE("a constant rate stays") {
  const OptimizerConfig config = optimizer(LearningRateKind::kConstant, 0.3);
  CHECK(learning_rate(config, 1, 10, 100) == 0.3);
  CHECK(learning_rate(config, 100, 10, 100) == 0.3);
}

TEST_CASE("a warm-up rises by equal steps and reaches the full rate at its last") {
  for (const LearningRateKind kind : {LearningRateKind::kConstant, LearningRateKind::kCosine}) {
    const OptimizerConfig config = optimizer(kind, 0.4, 4);
    CHECK(learning_rate(config, 1, 10, 100) == Approx(0.1));
    CHECK(learning_rate(config, 3, 10, 100) == Approx(0.3));
    CHECK(learning_rate(config, 4, 10, 100) == Approx(0.4));
    CHECK(learning_rate(config, 5, 10, 100) == Approx(0.4));
  }
}

TEST_CASE("multistep: a milestone's rate starts with the first step of that epoch") {
  OptimizerConfig config = optimizer(LearningRateKind::kMultistep, 0.1);
  config.schedule.milestones = {2, 4};
  config.schedule.gamma = 0.5;
  const std::int64_t steps = 10;  // an epoch; epoch 2 is steps 11 .. 20
  CHECK(learning_rate(config, 10, steps, 50) == Approx(0.1));
  CHECK(learning_rate(config, 11, steps, 50) == Approx(0.05));
  CHECK(learning_rate(config, 30, steps, 50) == Approx(0.05));
  CHECK(learning_rate(config, 31, steps, 50) == Approx(0.025));
  CHECK(learning_rate(config, 50, steps, 50) == Approx(0.025));
}

TEST_CASE("the paper's ResNet recipe: tenths at epochs 91, 136 and 182") {
  OptimizerConfig config = optimizer(LearningRateKind::kMultistep, 0.1);
  config.schedule.milestones = {91, 136, 182};
  const auto rate_of_epoch = [&](std::int64_t epoch) {
    return learning_rate(config, (epoch - 1) * 391 + 1, 391, 200 * 391);
  };
  CHECK(rate_of_epoch(90) == Approx(0.1));
  CHECK(rate_of_epoch(91) == Approx(0.01));
  CHECK(rate_of_epoch(136) == Approx(0.001));
  CHECK(rate_of_epoch(182) == Approx(0.0001));
  CHECK(rate_of_epoch(200) == Approx(0.0001));
}

TEST_CASE("cosine falls from the rate to the minimum in half a wave after the warm-up") {
  OptimizerConfig config = optimizer(LearningRateKind::kCosine, 1.0, 20);
  config.schedule.minimum = 0.2;
  const std::int64_t total = 120;
  CHECK(learning_rate(config, 21, 10, total) == Approx(1.0));
  CHECK(learning_rate(config, 46, 10, total) == Approx(0.2 + 0.4 * (1 + std::sqrt(0.5))));  // a quarter
  CHECK(learning_rate(config, 71, 10, total) == Approx(0.6));                               // half way
  CHECK(learning_rate(config, 121, 10, total) == Approx(0.2));
  for (std::int64_t step = 21; step < total; ++step) {
    CHECK(learning_rate(config, step + 1, 10, total) < learning_rate(config, step, 10, total));
  }
  CHECK(learning_rate(config, total, 10, total) == Approx(0.2).margin(0.001));
}

TEST_CASE("a cosine run of one step trains at the full rate") {
  CHECK(learning_rate(optimizer(LearningRateKind::kCosine, 0.5), 1, 1, 1) == Approx(0.5));
}

TEST_CASE("inverse_sqrt is the paper's formula, with its peak at the end of the warm-up") {
  const double scale = std::pow(1024.0, -0.5);
  const OptimizerConfig config = optimizer(LearningRateKind::kInverseSqrt, scale, 4000);
  const auto expected = [&](double step) {
    return scale * std::min(std::pow(step, -0.5), step * std::pow(4000.0, -1.5));
  };
  for (const std::int64_t step : {1, 100, 3999, 4000, 4001, 100000}) {
    CHECK(learning_rate(config, step, 10, 1000000) == Approx(expected(static_cast<double>(step))));
  }
  CHECK(learning_rate(config, 4000, 10, 1000000) > learning_rate(config, 3999, 10, 1000000));
  CHECK(learning_rate(config, 4000, 10, 1000000) > learning_rate(config, 4001, 10, 1000000));
}

}  // namespace
}  // namespace interlock::schedule
