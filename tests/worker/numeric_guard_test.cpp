// training.nonfinite on one stage: what it makes is its own, what arrived is not.

#include "worker/numeric_guard.h"

#include <limits>

#include "support/small_runs.h"
#include "worker/stage_executor.h"

namespace interlock::worker {
namespace {

training::BatchTotals& no_totals() {
  static training::BatchTotals none;
  return none;
}

using Catch::Matchers::Contains;
using schedule::NonfiniteIn;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// The second of three stages: it has a head, and passes gradients down.
struct Middle {
  explicit Middle(const std::string& nonfinite, const std::string& training = "")
      : plan(test::make_plan(
            "model: {kind: sequential, layers: [{linear: {in: 6, out: 9}}, {linear: {in: 9, out: 8}}, tanh, "
            "{linear: {in: 8, out: 4}}]}\npartition: {layers: [1, 2, 1]}\nlearning: {horizon: 2}\n"
            "training: {batch_size: 10, nonfinite: " +
            nonfinite + training +
            "}\n"
            "schedule: {micro_batches: 2}\n")),
        stage(plan.blueprint.stages.at(1), plan.config.training.seed),
        optimizer(stage, plan.config),
        executor(plan, stage, optimizer) {}

  void train(const at::Tensor& input, const at::Tensor& gradient) {
    executor.begin_batch(true, 0, 1, 10);
    for (int m = 0; m < 2; ++m) {
      executor.forward(m, m == 0 ? torch::ones({5, 9}) : input, torch::tensor({0, 3, 1, 2, 2}, torch::kLong));
      executor.local_loss(m);
      executor.input_gradient(m, 1);
      executor.accept_gradient(m, 2, m == 0 ? torch::ones({5, 8}) : gradient);
      executor.weight_gradient(m);
    }
  }
  training::RunPlan plan;
  models::Stage stage;
  training::StageOptimizer optimizer;
  StageExecutor executor;
};

at::Tensor with_nan(std::vector<std::int64_t> shape) {
  at::Tensor x = torch::ones(shape);
  x[3][1] = kNan;
  return x;
}

TEST_CASE("a batch of finite numbers is not left out, under no setting") {
  for (const char* const nonfinite : {"stop", "skip", "rewind", "ignore"}) {
    INFO(nonfinite);
    Middle middle(nonfinite);
    middle.train(torch::ones({5, 9}), torch::ones({5, 8}));
    const std::optional<bool> found = middle.executor.find_nonfinite();
    const bool agrees = nonfinite == std::string("skip") || nonfinite == std::string("rewind");
    CHECK(found.has_value() == agrees);
    CHECK_FALSE(found.value_or(false));
    CHECK_FALSE(middle.executor.left_out());
  }
}

TEST_CASE("what arrived is found, and left to the stage that it came from") {
  for (const bool from_below : {true, false}) {
    Middle middle("skip");
    middle.train(from_below ? with_nan({5, 9}) : torch::ones({5, 9}),
                 from_below ? torch::ones({5, 8}) : with_nan({5, 8}));
    CHECK(middle.executor.find_nonfinite() == std::optional<bool>(true));
    middle.executor.leave_out();
    REQUIRE(middle.executor.left_out());
    CHECK(middle.executor.left_out()->in == NonfiniteIn::kNothing);
  }
}

TEST_CASE("what the stage makes is its own, with layer and micro-batch, and stop ends the run there") {
  Middle middle("skip");
  middle.stage.main().parameters().back().second.detach()[4] = kNan;  // layers.1.bias; layer 2 is tanh
  middle.train(torch::ones({5, 9}), torch::ones({5, 8}));
  CHECK(middle.executor.find_nonfinite() == std::optional<bool>(true));
  middle.executor.leave_out();
  CHECK(middle.executor.left_out()->in == NonfiniteIn::kActivation);
  CHECK(middle.executor.left_out()->micro_batch == 0);
  CHECK(middle.executor.left_out()->layer == 1);

  Middle stopping("stop");
  stopping.stage.main().parameters().back().second.detach()[4] = kNan;
  CHECK_THROWS_WITH(stopping.train(torch::ones({5, 9}), torch::ones({5, 8})),
                    Contains("stage 1: the output of layers.1 (linear)") && Contains("layers.1.bias") &&
                        Contains("step 1") && Contains("micro-batch 0"));
}

TEST_CASE("a head's weight that is none gives a loss that is none, named with the head's layer") {
  Middle middle("stop");
  middle.stage.head().parameters().front().second.detach().fill_(kNan);
  CHECK_THROWS_WITH(middle.train(torch::ones({5, 9}), torch::ones({5, 8})),
                    Contains("stage 1: the loss") && Contains("head layer 0 (heads.1.0, linear)"));
}

TEST_CASE("a gradient that is too large only as a sum is found before the update, by name") {
  Middle middle("stop");
  const at::Tensor large = torch::full({5, 8}, 3e38F);
  middle.train(torch::full({5, 9}, 0.01F), large);  // the sum over samples overflows in the bias
  CHECK_THROWS_WITH(middle.executor.find_nonfinite(),
                    Contains("the gradient of layers.1.") && Contains("step 1") && !Contains("micro-batch"));
}

TEST_CASE("a finding is of its batch, and evaluation is not watched") {
  Middle middle("skip");
  middle.train(with_nan({5, 9}), torch::ones({5, 8}));
  CHECK(middle.executor.find_nonfinite() == std::optional<bool>(true));
  middle.executor.leave_out();
  middle.train(torch::ones({5, 9}), torch::ones({5, 8}));
  CHECK(middle.executor.find_nonfinite() == std::optional<bool>(false));
  CHECK_FALSE(middle.executor.left_out());
  middle.executor.update(0.1);

  Middle evaluating("stop");
  evaluating.executor.begin_batch(false, 0, 1, 5);
  CHECK_NOTHROW(
      evaluating.executor.forward(0, with_nan({5, 9}), torch::tensor({0, 3, 1, 2, 2}, torch::kLong)));
  evaluating.executor.end_evaluation();
}

TEST_CASE("under recomputing the same is found, once") {
  Middle middle("skip", ", recompute: true");
  middle.stage.main().parameters().back().second.detach()[4] = kNan;
  middle.train(torch::ones({5, 9}), torch::ones({5, 8}));
  CHECK(middle.executor.find_nonfinite() == std::optional<bool>(true));
  middle.executor.leave_out();
  CHECK(middle.executor.left_out()->layer == 1);
}

// As on an accelerator, where everything is read once, before the update.
TEST_CASE("where reading is put off the first in the program's order tells whose it is") {
  const Middle middle("skip");
  const auto guard_says = [&](bool arrived_first, const at::Tensor& made, const at::Tensor& arrived) {
    NumericGuard guard(middle.plan, middle.stage, 0, /*on_accelerator=*/true);
    guard.begin_batch(true, 0, 1, 10);
    const auto never = []() -> training::Suspect { throw std::logic_error("searched on an accelerator"); };
    if (arrived_first) guard.arrived({NonfiniteIn::kActivation, 1, arrived});
    guard.made({NonfiniteIn::kActivation, 1, made}, never);
    if (!arrived_first) guard.arrived({NonfiniteIn::kGradient, 1, arrived});
    const std::optional<bool> found = guard.finish(/*gradients=*/true, no_totals());
    return std::pair(found.value_or(false), static_cast<int>(guard.finding().in));
  };
  const at::Tensor fine = torch::ones({5, 9}), bad = with_nan({5, 9});
  CHECK(guard_says(true, fine, fine) == std::pair(false, static_cast<int>(NonfiniteIn::kNothing)));
  CHECK(guard_says(true, bad, bad) == std::pair(true, static_cast<int>(NonfiniteIn::kNothing)));
  CHECK(guard_says(false, bad, bad) == std::pair(true, static_cast<int>(NonfiniteIn::kActivation)));
  CHECK(guard_says(false, fine, bad) == std::pair(true, static_cast<int>(NonfiniteIn::kNothing)));
}

TEST_CASE("where reading is put off a neighbour's is left to it for a step, then ends the run") {
  const Middle middle("stop");
  NumericGuard guard(middle.plan, middle.stage, 0, /*on_accelerator=*/true);
  guard.begin_batch(true, 0, 1, 10);
  guard.arrived({NonfiniteIn::kActivation, 0, with_nan({5, 9})});
  CHECK_FALSE(guard.finish(true, no_totals()).has_value());
  guard.begin_batch(true, 0, 2, 10);
  CHECK_THROWS_AS(guard.finish(true, no_totals()), training::NonfiniteError);
}

}  // namespace
}  // namespace interlock::worker
