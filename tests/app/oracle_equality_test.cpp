// The central promise: weights, gradients and losses of a cut run equal the single-process oracle's to the
// last bit, for every horizon, number of micro-batches (the last one ragged), mix, schedule and cap, with and without
// recomputing, on several kinds of network. One launch has K = ranks - 1 stages and runs a covering array of that K's cases, or
// all of them under the label `nightly`.

#include <array>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/equality_support.h"
#include "support/catch.h"

namespace interlock {
namespace {

using test::OracleGrid;
using test::Values;

// Another weight for each loss, however many there are.
std::string own_weights(int horizon) {
  std::string list;
  for (int n = 0; n < horizon; ++n) list += fmt::format("{}{}", n == 0 ? "" : ", ", 0.3 + 0.4 * n);
  return "[" + list + "]";
}

config::Config config_of(const Values& values, int stages) {
  const int horizon = 1 + values[OracleGrid::kHorizon];
  const int micro_batches =
      std::array<int, 4>{1, 2, 3, 5}[static_cast<std::size_t>(values[OracleGrid::kMicroBatches])];
  const std::array<std::string, 5> mixes = {"farthest", "sum", "mean", own_weights(horizon), "farthest"};
  const auto mix = static_cast<std::size_t>(values[OracleGrid::kMix]);
  config::Config config =
      make_config(test_models()[static_cast<std::size_t>(values[OracleGrid::kNetwork])], stages, horizon,
                  micro_batches, mixes[mix], mix == 4 ? ", train_all_heads: true" : "");
  switch (values[OracleGrid::kPolicy]) {
    case test::kGpipePolicy:
      config.schedule.policy = config::PolicyKind::kGpipe;
      break;
    case test::kOneForwardOneBackwardPolicy:
      config.schedule.policy = config::PolicyKind::kOneForwardOneBackward;
      break;
    case test::kOwnPolicy:
      config.schedule.policy =
          horizon == stages ? config::PolicyKind::kZeroBubble : config::PolicyKind::kPlanned;
      break;
    default:
      break;
  }
  if (values[OracleGrid::kCap] != 0) config.schedule.in_flight = 1;
  config.training.recompute = values[OracleGrid::kRecompute] != 0;
  return config;
}

// Any order of actions that the validator accepts must give the same bits.
TEST_CASE(
    "ranks equal the oracle bitwise: networks, horizons, micro-batches, mixes, schedules, caps and "
    "recomputing") {
  const int stages = testing::engine().size() - 1;
  run_cases(OracleGrid::parameters(stages), OracleGrid::allowed, [stages](const Values& values) {
    const config::Config config = config_of(values, stages);
    check_bitwise(
        run_case(config, test_models()[static_cast<std::size_t>(values[OracleGrid::kNetwork])].info));
  });
}

// Not to the last bit: a matrix product of more rows may add in another order.
TEST_CASE("ranks that stack the gradients of several losses equal the oracle to rounding") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    for (int horizon = 3; horizon < stages; ++horizon) {
      for (const char* const policy : {"planned", "gpipe"}) {
        config::Config config = make_config(model, stages, horizon, 3, "sum", "");
        config.schedule.policy =
            policy == std::string("gpipe") ? config::PolicyKind::kGpipe : config::PolicyKind::kPlanned;
        INFO(fmt::format("{} K={} N={} {}", model.name, stages, horizon, policy));
        for (const app::StageDifference& stage : run_case(config, model.info, /*stack=*/true).stages) {
          CHECK(stage.loss < 1e-5);
          CHECK(stage.weights < 1e-5);
        }
      }
    }
  }
}

// What the runtime did, counted action by action, against the paper's rule worked out by hand.
TEST_CASE("no dead head, gradient or loss is computed") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  if (stages != 4) return;
  const Model& model = test_models().front();
  const app::Verification verification = run_case(make_config(model, 4, 2, 1, "farthest", ""), model.info);
  if (verification.stages.empty()) return;  // a worker
  // K = 4, N = 2: head 0 is dead (no stage -1 would learn from it); heads 1 and 2 each serve the stage below,
  // and loss 3 serves stages 2 and 3. Counts per step: F L I W B U, as in ActionKind.
  const std::vector<std::array<std::int64_t, 6>> expected = {
      {1, 0, 0, 1, 0, 1},
      {1, 1, 1, 1, 0, 1},
      {1, 1, 1, 1, 0, 1},
      {1, 1, 1, 1, 0, 1},
  };
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t a = 0; a < 6; ++a) CHECK(verification.actions[k][a] == kSteps * expected[k][a]);
  }
}

}  // namespace
}  // namespace interlock
