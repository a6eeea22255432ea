#include "training/nonfinite.h"

#include <limits>

#include "data/sampler.h"
#include "support/small_runs.h"
#include "training/kept_buffers.h"
#include "training/nonfinite_search.h"

namespace interlock::training {
namespace {

using Catch::Matchers::Contains;
using schedule::NonfiniteIn;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST_CASE("one element that is none is found wherever it is, and infinities of both signs do not cancel") {
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
    for (const float none : {kNan, kInfinity, -kInfinity}) {
      for (const std::int64_t place : {0, 1, 500, 999}) {
        at::Tensor x = torch::ones({10, 100}, type);
        CHECK(all_finite(x));
        x.view(-1)[place] = none;
        CHECK_FALSE(all_finite(x));
        CHECK(rows_not_finite(x) == std::vector<std::int64_t>{place / 100});
      }
    }
  }
  CHECK_FALSE(all_finite(torch::tensor({kInfinity, -kInfinity})));
}

TEST_CASE("finite elements whose sum is too large are finite") {
  CHECK(all_finite(torch::full({1000}, 3e38F)));
  CHECK(all_finite(torch::full({1000}, 60000.0F).to(at::kHalf)));
  CHECK(all_finite(torch::full({1000}, 3e38F).to(at::kBFloat16)));
  CHECK(all_finite(torch::full({3}, std::numeric_limits<std::int64_t>::max(), torch::kLong)));
  CHECK(all_finite(torch::empty({0})));
}

const char* const kGuardedRun =
    "model: {kind: sequential, layers: [{linear: {in: 6, out: 9}}, tanh, {linear: {in: 9, out: 8}}, "
    "{linear: {in: 8, out: 4}}]}\npartition: {layers: [1, 3]}\ntraining: {batch_size: 8}\n"
    "schedule: {micro_batches: 2}\n";

struct SecondStage {
  RunPlan plan = test::make_plan(kGuardedRun);
  models::Stage stage{plan.blueprint.stages.at(1), 0};
  at::Tensor weight(const std::string& name) const {
    for (const auto& [called, tensor] : stage.state()) {
      if (called == name) return tensor.detach();
    }
    throw std::runtime_error(name);
  }
};

TEST_CASE("the first layer with an output that is none is named, with the weight that is so already") {
  const SecondStage second;
  const at::Tensor input = torch::randn({4, 9});
  second.weight("layers.3.bias")[2] = kNan;
  const Suspect found = search_activation(second.stage, input, {true, 0, 0});
  CHECK(found.layer == 3);
  CHECK_THAT(found.subject, Contains("layers.3 (linear)") && Contains("layers.3.bias"));
  second.weight("layers.2.weight").fill_(3e38F);
  const Suspect earlier = search_activation(second.stage, torch::full({4, 9}, 2.0F), {true, 0, 0});
  CHECK(earlier.layer == 2);
  CHECK_THAT(earlier.subject, Contains("layers.2 (linear)") && !Contains("before"));
}

TEST_CASE("a gradient that grows too large on its way down is blamed on the layer where it did") {
  const SecondStage second;
  second.weight("layers.2.weight").fill_(1e30F);
  const at::Tensor input = torch::zeros({4, 9});
  CHECK(search_sent_gradient(second.stage, input, torch::full({4, 4}, 1e20F), {true, 0, 0}, 1).layer == 2);
  second.weight("layers.3.weight").fill_(1e30F);
  const Suspect found =
      search_sent_gradient(second.stage, input, torch::full({4, 4}, 1e20F), {true, 0, 0}, 1);
  CHECK(found.layer == 3);
  CHECK_THAT(found.subject, Contains("layers.3 (linear)") && Contains("loss 1"));
}

TEST_CASE("of gradients of weights the one nearest to the loss is named") {
  const SecondStage second;
  CHECK(search_weight_gradient(second.stage).subject.empty());
  for (const auto& [name, tensor] : second.stage.state()) {
    tensor.mutable_grad() = torch::zeros_like(tensor);
    if (name == "layers.2.weight" || name == "layers.3.weight") tensor.mutable_grad().view(-1)[1] = kNan;
  }
  const Suspect found = search_weight_gradient(second.stage);
  CHECK(found.layer == 3);
  CHECK_THAT(found.subject, Contains("layers.3.weight (linear)"));
}

TEST_CASE("a finding is described with stage, layer, step, epoch, micro-batch and the samples' numbers") {
  const RunPlan plan = test::make_plan(kGuardedRun);  // 20 samples in batches of 8: micro-batches of 4
  const std::vector<std::int64_t> order = data::epoch_order(20, true, plan.config.training.seed, 1);
  Finding finding;
  finding.what = {NonfiniteIn::kActivation, 1, 2, 0};
  finding.subject = "the output of layers.2 (linear)";
  finding.rows = {0, 3};
  const std::string text =
      describe(finding, plan, {1, 0, 1, 1, 5, 8});  // the second batch of the second epoch
  CHECK_THAT(text, Contains("stage 1: the output of layers.2 (linear)") && Contains("step 5 (epoch 2)") &&
                       Contains("micro-batch 1"));
  CHECK_THAT(text,
             Contains("samples " + std::to_string(order[12]) + ", " + std::to_string(order[15]) + " of"));

  finding.rows.clear();  // not known: all of the replica's
  const std::string part = describe(finding, plan, {1, 1, 2, 1, 5, 8});
  CHECK_THAT(part, Contains("stage 1, replica 1") && Contains("samples " + std::to_string(order[14]) + ", " +
                                                              std::to_string(order[15]) + " of"));

  finding.what.micro_batch = -1;  // a gradient: the whole batch; the epoch's last one has 4 samples
  CHECK_THAT(describe(finding, plan, {1, 0, 1, 1, 6, 4}),
             Contains("samples " + std::to_string(order[16])) && Contains(std::to_string(order[19]) + " of"));
  CHECK_THAT(describe_end(finding, plan, {1, 0, 1, 1, 6, 4}), Contains("optimizer.lr") && Contains("skip"));
}

TEST_CASE("buffers are put back as they were kept, parameters are left alone") {
  const RunPlan plan = test::make_plan("model: {kind: convnet, channels: [4], batch_norm: true}\n",
                                       {{3, 8, 8}, {}, 4, false, 20, 10});
  models::Stage stage(plan.blueprint.stages.front(), 0);
  KeptBuffers buffers(stage);
  buffers.keep();
  const test::TensorsByName before = test::copy_tensors(std::vector{stage});
  static_cast<void>(stage.main().forward(torch::randn({5, 3, 8, 8}), {true, 0, 0}));
  bool changed = false;
  for (const auto& [name, tensor] : test::copy_tensors(std::vector{stage}))
    changed = changed || !tensor.equal(before.at(name));
  CHECK(changed);
  buffers.put_back();
  test::check_same(test::copy_tensors(std::vector{stage}), before);
}

}  // namespace
}  // namespace interlock::training
