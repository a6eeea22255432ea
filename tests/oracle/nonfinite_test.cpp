// training.nonfinite on the oracle: what a batch that is left out leaves behind, which is nothing.

#include <limits>

#include "oracle/oracle.h"
#include "support/small_runs.h"
#include "support/temp_folder.h"
#include "training/stage_checkpoint.h"

namespace interlock::oracle {
namespace {

using Catch::Matchers::Contains;
using schedule::NonfiniteIn;

const data::DatasetInfo kImages{{3, 8, 8}, {}, 4, false, 20, 10};

training::RunPlan guarded_plan(const std::string& nonfinite,
                               const std::string& optimizer = "{kind: sgd, momentum: 0.9}") {
  return test::make_plan(
      "model: {kind: convnet, channels: [4, 6], batch_norm: true}\npartition: {stages: 2}\n"
      "learning: {horizon: 1, head: conv4_bn_gbpl_fc}\noptimizer: " +
          optimizer + "\ntraining: {batch_size: 6, nonfinite: " + nonfinite +
          "}\nschedule: {micro_batches: 2}\n",
      kImages);
}

std::vector<data::Batch> good(std::uint64_t seed) {
  return test::random_batches(kImages, {3, 3}, seed);
}

std::vector<data::Batch> spoiled(std::uint64_t seed) {
  std::vector<data::Batch> batches = good(seed);
  batches[1].inputs[2][0][0][0] = std::numeric_limits<float>::quiet_NaN();
  return batches;
}

TEST_CASE("training with a step left out is training without that batch, to the last bit") {
  for (const char* const kind : {"skip", "rewind"}) {
    for (const char* const optimizer :
         {"{kind: sgd, momentum: 0.9, weight_decay: 0.01}", "{kind: adam}", "{kind: adamw, lr: 0.01}"}) {
      INFO(kind << " " << optimizer);
      const training::RunPlan plan = guarded_plan(kind, optimizer);
      Oracle with(plan), without(plan);
      with.train_batch(good(1), 0, 1);
      without.train_batch(good(1), 0, 1);
      const BatchResult bad = with.train_batch(spoiled(2), 0, 2);
      CHECK(bad.left_out);
      CHECK(bad.nonfinite.in == NonfiniteIn::kInput);
      CHECK(bad.nonfinite.micro_batch == 1);
      CHECK(bad.nonfinite_stage == 0);
      test::check_same(test::copy_tensors(with.stages()), test::copy_tensors(without.stages()));
      CHECK_FALSE(with.train_batch(good(3), 0, 3).left_out);
      without.train_batch(good(3), 0, 3);
      test::check_same(test::copy_tensors(with.stages()), test::copy_tensors(without.stages()));
      test::check_same(test::copy_gradients(with.stages()), test::copy_gradients(without.stages()));
    }
  }
}

TEST_CASE("what is not looked for is learnt") {
  const training::RunPlan plan = guarded_plan("ignore");
  Oracle oracle(plan);
  CHECK_FALSE(oracle.train_batch(spoiled(1), 0, 1).left_out);
  CHECK_FALSE(oracle.stage(1).state().front().second.isfinite().all().item<bool>());
}

TEST_CASE("stop throws in the step, with its place, before anything is learnt") {
  const training::RunPlan plan = guarded_plan("stop");
  Oracle oracle(plan);
  const test::TensorsByName before = test::copy_tensors(oracle.stages());
  CHECK_THROWS_WITH(oracle.train_batch(spoiled(1), 0, 1), Contains("stage 0: the input data") &&
                                                              Contains("step 1 (epoch 1)") &&
                                                              Contains("micro-batch 1"));
  for (const auto& [name, tensor] : test::copy_tensors(oracle.stages())) {
    INFO(name);
    CHECK(tensor.isfinite().all().item<bool>());
    if (name.find("running") == std::string::npos && name.find("tracked") == std::string::npos)
      CHECK(tensor.equal(before.at(name)));
  }
}

TEST_CASE("each stage's own findings are named: a weight that is none, a loss of none") {
  const training::RunPlan plan = guarded_plan("skip");
  for (int k = 0; k < 2; ++k) {
    Oracle oracle(plan);
    const auto& [name, weight] = oracle.stage(k).main().parameters().front();
    weight.detach().fill_(std::numeric_limits<float>::quiet_NaN());
    const BatchResult result = oracle.train_batch(good(1), 0, 1);
    CHECK(result.left_out);
    CHECK(result.nonfinite.in == NonfiniteIn::kActivation);
    CHECK(result.nonfinite_stage == k);
    CHECK(name.find("layers." + std::to_string(result.nonfinite.layer) + ".") == 0);
  }
  Oracle oracle(plan);
  oracle.stage(0).head().parameters().front().second.detach().fill_(std::numeric_limits<float>::infinity());
  const BatchResult result = oracle.train_batch(good(1), 0, 1);
  CHECK(result.nonfinite.in == NonfiniteIn::kLoss);
  CHECK(result.nonfinite_stage == 0);
  CHECK(result.nonfinite.micro_batch == 0);
}

TEST_CASE("a run that has only left steps out can be saved and gone on with") {
  const training::RunPlan plan = guarded_plan("skip", "{kind: adam}");
  Oracle oracle(plan);
  CHECK(oracle.train_batch(spoiled(1), 0, 1).left_out);
  for (int k = 0; k < 2; ++k) CHECK_FALSE(oracle.optimizer(k).state().empty());
}

}  // namespace
}  // namespace interlock::oracle
