#include "training/run_plan.h"

#include "common/error.h"
#include "support/small_runs.h"
#include "support/temp_folder.h"

namespace interlock::training {
namespace {

using test::kMlp;
using test::make_plan;

TEST_CASE("a micro-batch is the batch over M, rounded up") {
  const auto size = [](int batch, int micro_batches) {
    return make_plan(std::string(kMlp) + "training: {batch_size: " + std::to_string(batch) +
                     "}\nschedule: {micro_batches: " + std::to_string(micro_batches) + "}")
        .micro_batch_size;
  };
  CHECK(size(8, 1) == 8);
  CHECK(size(8, 4) == 2);
  CHECK(size(7, 3) == 3);
  CHECK(size(7, 7) == 1);
}

TEST_CASE("steps: the ragged last batch counts unless dropped, and max_steps limits the run") {
  const auto steps = [](const std::string& training) {
    const RunPlan plan = make_plan(std::string(kMlp) + "training: {batch_size: 8, " + training + "}\n",
                                   {{6}, {}, 4, false, 20, 0});
    return std::pair(plan.steps_per_epoch, plan.total_steps);
  };
  CHECK(steps("epochs: 1") == std::pair<std::int64_t, std::int64_t>(3, 3));
  CHECK(steps("epochs: 5") == std::pair<std::int64_t, std::int64_t>(3, 15));
  CHECK(steps("epochs: 5, max_steps: 7") == std::pair<std::int64_t, std::int64_t>(3, 7));
  CHECK(steps("epochs: 1, max_steps: 7") == std::pair<std::int64_t, std::int64_t>(3, 3));
}

config::Config dropping(int batch) {
  config::Config config = config::parse_config(
      std::string(kMlp) + "data: {kind: tensors, path: none, drop_last: true}\ntraining: {batch_size: " +
          std::to_string(batch) + "}",
      "a.yaml", {});
  return config;
}

TEST_CASE("drop_last leaves the ragged batch out, and one that leaves nothing is refused") {
  CHECK(make_run_plan(dropping(8), test::kVectors).steps_per_epoch == 2);
  const std::string message =
      test::message_of<UsageError>([] { make_run_plan(dropping(21), test::kVectors); });
  CHECK_THAT(message, Catch::Matchers::Contains("data.drop_last") && Catch::Matchers::Contains("20") &&
                          Catch::Matchers::Contains("21"));
}

TEST_CASE("heads are planned where the rule has them, nowhere else") {
  const auto heads = [](const std::string& learning) {
    std::string text;
    for (const models::StageBlueprint& stage :
         make_plan(std::string(kMlp) + test::kFourStages + "learning: {" + learning + "}\n")
             .blueprint.stages) {
      text += stage.head.empty() ? '-' : 'h';
    }
    return text;
  };
  CHECK(heads("horizon: 1") == "hhh-");
  CHECK(heads("horizon: 2") == "-hh-");
  CHECK(heads("horizon: 3") == "--h-");
  CHECK(heads("horizon: all") == "----");
  CHECK(heads("horizon: 2, train_all_heads: true") == "hhh-");
  CHECK(heads("horizon: all, mix: sum") == "----");
}

MemoryEstimate estimate(const std::string& learning, int micro_batches, const std::string& optimizer,
                        int stage) {
  return estimate_memory(make_plan(std::string(kMlp) + test::kFourStages + "learning: {" + learning +
                                   "}\nschedule: {micro_batches: " + std::to_string(micro_batches) +
                                   "}\ntraining: {batch_size: 8}\noptimizer: {" + optimizer + "}\n"),
                         stage);
}

TEST_CASE("activation memory grows with the micro-batches in flight, which the horizon bounds") {
  for (const auto& [horizon, in_flight] : {std::pair{1, 1}, {2, 2}, {3, 3}, {4, 4}}) {
    const MemoryEstimate memory =
        estimate("train_all_heads: true, horizon: " + std::to_string(horizon), 8, "kind: sgd", 0);
    CHECK(memory.in_flight == in_flight);
    // A micro-batch has one sample. Stage 0 keeps its input, two layers' outputs and, where there is one, the
    // head's.
    CHECK(memory.activations == 4.0 * in_flight * (6 + 9 + 9 + (horizon < 4 ? 4 : 0)));
  }
  CHECK(estimate("horizon: 3", 2, "kind: sgd", 0).in_flight == 2);
  // With training.recompute the input alone is kept.
  CHECK(estimate_memory(make_plan(std::string(kMlp) + test::kFourStages +
                                  "learning: {horizon: 2}\nschedule: {micro_batches: 8}\n"
                                  "training: {batch_size: 8, recompute: true}\n"),
                        0)
            .activations == 4.0 * 2 * 6);
}

TEST_CASE("weights, gradients and optimizer slots count main net and head") {
  const double weights = 4.0 * (6 * 9 + 9 + 9 * 4 + 4);  // bytes: stage 0 and its linear head
  const auto slots = [&](const std::string& optimizer) {
    const MemoryEstimate memory = estimate("horizon: 1", 8, optimizer, 0);
    CHECK(memory.weights == weights);
    CHECK(memory.gradients == weights);
    CHECK(memory.total() == memory.weights + memory.gradients + memory.optimizer + memory.activations);
    return memory.optimizer / weights;
  };
  CHECK(slots("kind: sgd") == 0);
  CHECK(slots("kind: sgd, momentum: 0.9") == 1);
  CHECK(slots("kind: adam") == 2);
  CHECK(slots("kind: adamw") == 2);
}

}  // namespace
}  // namespace interlock::training
