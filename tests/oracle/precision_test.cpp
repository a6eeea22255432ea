// Mixed precision and clipping in the oracle itself: near float32, never poisoned by an overflow, and one
// norm over all stages is the norm of the uncut net.

#include <cmath>

#include "oracle/oracle.h"
#include "support/catch.h"
#include "support/small_runs.h"

namespace interlock::oracle {
namespace {

using test::copy_gradients;
using test::copy_tensors;
using test::kFourStages;
using test::kMlp;
using test::kVectors;
using test::random_batches;

// |a - b| / |b| over all tensors together.
double relative_distance(const test::TensorsByName& a, const test::TensorsByName& b) {
  double difference = 0, norm = 0;
  for (const auto& [name, tensor] : b) {
    if (!tensor.defined() || !tensor.is_floating_point()) continue;
    difference += (a.at(name) - tensor).square().sum().item<double>();
    norm += tensor.square().sum().item<double>();
  }
  return std::sqrt(difference / norm);
}

training::RunPlan four_stage_plan(const std::string& learning, const std::string& training) {
  return test::make_plan(std::string(kMlp) + kFourStages + "learning: {" + learning +
                         "}\noptimizer: {kind: sgd, lr: 0.1, momentum: 0.9}\ntraining: {" + training + "}\n");
}

std::vector<data::Batch> batch(std::int64_t step) {
  return random_batches(kVectors, {3, 3, 1}, static_cast<std::uint64_t>(step));
}

TEST_CASE("gradients in 16 bits are those of float32 to about the bits they have, under every mix") {
  for (const char* const learning : {"horizon: 1", "horizon: 2", "horizon: 3, mix: sum",
                                     "horizon: 3, mix: [1, 0.5, 2], train_all_heads: true", "horizon: all"}) {
    const training::RunPlan plain = four_stage_plan(learning, "seed: 1");
    Oracle reference(plain);
    reference.train_batch(batch(1), 0, 1);
    const auto check = [&](const char* training, double limit) {
      const training::RunPlan plan = four_stage_plan(learning, training);
      Oracle oracle(plan);
      oracle.train_batch(batch(1), 0, 1);
      INFO(learning << " / " << training);
      CHECK(relative_distance(copy_gradients(oracle.stages()), copy_gradients(reference.stages())) < limit);
    };
    check("precision: float16", 5e-3);
    check("precision: float16, loss_scale: 1024", 5e-3);
    check("precision: bfloat16", 4e-2);
  }
}

TEST_CASE(
    "after an overflow no weight is touched, the scale falls until it fits, and sharers of a loss agree") {
  const training::RunPlan plan =
      four_stage_plan("horizon: 2, mix: sum", "precision: float16, loss_scale: 4294967296");
  Oracle oracle(plan);
  const test::TensorsByName start = copy_tensors(oracle.stages());
  int first_moved = 0;
  for (int step = 1; step <= 30; ++step) {
    oracle.train_batch(batch(step), 0, step);
    const test::TensorsByName now = copy_tensors(oracle.stages());
    for (const auto& [name, tensor] : now) CHECK(tensor.isfinite().all().item<bool>());
    const bool moved = !now.at("layers.0.weight").equal(start.at("layers.0.weight"));
    if (moved && first_moved == 0) first_moved = step;
    for (int loss = 0; loss < 4; ++loss) {
      const std::vector<int> sharers = training::loss_sharers(plan.rule, loss);
      for (const int k : sharers)
        CHECK(oracle.scaler(k).scale(loss) == oracle.scaler(sharers[0]).scale(loss));
    }
  }
  CHECK(first_moved > 1);
}

TEST_CASE("one norm over all stages clips as one process that holds the whole net") {
  const auto run = [](const char* cut, const char* scope) {
    const training::RunPlan plan = test::make_plan(std::string(kMlp) + "partition: {layers: " + cut +
                                                   "}\nlearning: {horizon: all}\noptimizer: {kind: sgd, lr: "
                                                   "0.5}\ntraining: {clip_norm: 0.05, clip_scope: " +
                                                   scope + "}\n");
    Oracle oracle(plan);
    for (int step = 1; step <= 5; ++step) oracle.train_batch(batch(step), 0, step);
    return copy_tensors(oracle.stages());
  };
  const test::TensorsByName whole = run("[7]", "stage");
  CHECK(relative_distance(run("[2, 3, 1, 1]", "global"), whole) < 1e-6);
  CHECK(relative_distance(run("[2, 3, 1, 1]", "stage"), whole) > 1e-3);  // the test can tell the two apart
}

}  // namespace
}  // namespace interlock::oracle
