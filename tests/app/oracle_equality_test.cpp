// The central promise: weights, gradients and losses of a cut run equal the single-process oracle's to the
// last bit, for every horizon, number of micro-batches (the last one ragged) and mix, on several kinds of
// network. One launch has K = ranks - 1 stages and runs all cases of that K.

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/equality_support.h"
#include "support/catch.h"

namespace interlock {
namespace {

void run_grid(const std::string& mix) {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      for (const int micro_batches : {1, 2, 3, 5}) {
        const config::Config config = make_config(model, stages, horizon, micro_batches, mix, "");
        const app::Verification verification = run_case(config, model.info);
        INFO(fmt::format("{} K={} N={} M={} mix={}", model.name, stages, horizon, micro_batches, mix));
        for (const app::StageDifference& stage : verification.stages)
          INFO("worst: " << stage.worst << " " << stage.weights);
        CHECK(count_differing(verification) == 0);
      }
    }
  }
}

TEST_CASE("ranks equal the oracle bitwise under farthest") {
  run_grid("farthest");
}
TEST_CASE("ranks equal the oracle bitwise under sum") {
  run_grid("sum");
}
TEST_CASE("ranks equal the oracle bitwise under mean") {
  run_grid("mean");
}

TEST_CASE("ranks equal the oracle bitwise with own weights and with all heads trained") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  const int horizon = std::min(2, stages);
  const std::string weights = horizon == 1 ? "[0.5]" : "[0.3, 0.7]";
  for (const Model& model : test_models()) {
    CHECK(count_differing(run_case(make_config(model, stages, horizon, 3, weights, ""), model.info)) == 0);
    CHECK(count_differing(run_case(
              make_config(model, stages, horizon, 3, "farthest", ", train_all_heads: true"), model.info)) ==
          0);
  }
}

// Any order of actions that the validator accepts must give the same bits.
TEST_CASE("ranks equal the oracle bitwise under every schedule policy and cap") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      const std::string special = horizon == stages ? "zero_bubble" : "planned";
      for (const std::string& policy : {std::string("gpipe"), std::string("1f1b"), special}) {
        for (const int micro_batches : {2, 5}) {
          config::Config config = make_config(model, stages, horizon, micro_batches, "farthest", "");
          config.schedule.policy = policy == "gpipe"   ? config::PolicyKind::kGpipe
                                   : policy == "1f1b"  ? config::PolicyKind::kOneForwardOneBackward
                                   : horizon == stages ? config::PolicyKind::kZeroBubble
                                                       : config::PolicyKind::kPlanned;
          INFO(
              fmt::format("{} K={} N={} M={} policy={}", model.name, stages, horizon, micro_batches, policy));
          CHECK(count_differing(run_case(config, model.info)) == 0);
          if (policy == "gpipe") continue;  // keeps everything in flight
          config.schedule.in_flight = 1;
          CHECK(count_differing(run_case(config, model.info)) == 0);
        }
      }
    }
  }
}

TEST_CASE("ranks that run the forward a second time equal the oracle bitwise") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      config::Config config = make_config(model, stages, horizon, 3, "sum", "");
      config.training.recompute = true;
      INFO(fmt::format("{} K={} N={}", model.name, stages, horizon));
      CHECK(count_differing(run_case(config, model.info)) == 0);
    }
  }
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
