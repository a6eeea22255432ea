#include "worker/stage_executor.h"

#include <regex>

#include <torch/csrc/autograd/autograd.h>

#include "common/error.h"
#include "oracle/oracle.h"
#include "schedule/learning_rate.h"
#include "support/small_runs.h"
#include "support/temp_folder.h"

namespace interlock::worker {
namespace {

using Catch::Matchers::Contains;
using test::copy_gradients;
using test::copy_tensors;
using torch::autograd::grad;

const std::string kPlain =
    "model: {kind: sequential, layers: [{linear: {in: 6, out: 9}}, tanh, {linear: {in: 9, out: 8}}, "
    "{linear: {in: 8, out: 4}}]}\npartition: {stages: 4}\n";

// One stage of a run alone, with its executor.
struct Alone {
  Alone(const std::string& yaml, int stage_number)
      : plan(test::make_plan(yaml)),
        stage(plan.blueprint.stages.at(static_cast<std::size_t>(stage_number)), plan.config.training.seed),
        optimizer(stage, plan.config),
        executor(plan, stage, optimizer) {}

  training::RunPlan plan;
  models::Stage stage;
  training::StageOptimizer optimizer;
  StageExecutor executor;
};

const at::Tensor kTargets = torch::tensor({0, 3, 1, 2, 2}, torch::kLong);

at::Tensor random(const std::vector<std::int64_t>& shape, std::uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(shape);
}

TEST_CASE("a single stage equals the oracle bitwise over several batches, dropout and ragged ends included") {
  const std::string yaml = std::string(test::kMlp) +
                           "optimizer: {kind: adam, schedule: {kind: cosine, warmup_steps: 2}}\n"
                           "training: {batch_size: 7, clip_norm: 0.5, label_smoothing: 0.1}\n";
  Alone alone(yaml, 0);
  oracle::Oracle oracle(alone.plan);
  for (std::int64_t step = 1; step <= 4; ++step) {
    const std::vector<data::Batch> batches = test::random_batches(
        test::kVectors, step == 4 ? std::vector<std::int64_t>{2, 1} : std::vector<std::int64_t>{3, 3, 1},
        static_cast<std::uint64_t>(step));
    alone.executor.begin_batch(true, 0, step, step == 4 ? 3 : 7);
    for (int m = 0; m < static_cast<int>(batches.size()); ++m) {
      const data::Batch& batch = batches[static_cast<std::size_t>(m)];
      alone.executor.forward(m, batch.inputs, batch.targets);
      alone.executor.local_loss(m);
      alone.executor.weight_gradient(m);
    }
    alone.executor.update(schedule::learning_rate(alone.plan.config.optimizer, step,
                                                  alone.plan.steps_per_epoch, alone.plan.total_steps));
    const oracle::BatchResult expected = oracle.train_batch(batches, 0, step);
    CHECK(alone.executor.sums().has_loss);
    CHECK(alone.executor.sums().loss == expected.loss[0]);
    CHECK(alone.executor.sums().correct == expected.correct[0]);
    test::check_same(copy_gradients(std::vector{alone.stage}), copy_gradients(oracle.stages()));
    test::check_same(copy_tensors(std::vector{alone.stage}), copy_tensors(oracle.stages()));
  }
}

TEST_CASE("an input gradient is sent before any weight gradient exists, and may be asked for again") {
  Alone alone(kPlain + "learning: {horizon: 3}\n", 2);  // sends the gradients of losses 2 and 3
  const at::Tensor input = random({5, 9}, 1);
  const at::Tensor from_above = random({5, 8}, 2);
  alone.executor.begin_batch(true, 0, 1, 5);
  alone.executor.forward(0, input.clone(), kTargets);
  alone.executor.local_loss(0);
  const at::Tensor own = alone.executor.input_gradient(0, 2);
  alone.executor.accept_gradient(0, 3, from_above);
  const at::Tensor passed_on = alone.executor.input_gradient(0, 3);
  for (const auto& [name, parameter] : alone.stage.main().parameters())
    CHECK_FALSE(parameter.grad().defined());

  const at::Tensor a = input.clone().requires_grad_();
  const at::Tensor h = alone.stage.main().forward(a, {true, 0, 0});
  const at::Tensor loss = at::cross_entropy_loss(alone.stage.head().forward(h, {true, 0, 0}), kTargets);
  CHECK(own.allclose(grad({loss}, {a}, {}, true)[0], 1e-5, 1e-7));
  CHECK(passed_on.equal(grad({h}, {a}, {from_above}, true)[0]));

  alone.executor.weight_gradient(0);  // farthest: loss 3 alone
  for (const auto& [name, parameter] : alone.stage.main().parameters()) {
    INFO(name);
    CHECK(parameter.grad().equal(grad({h}, {parameter}, {from_above}, true)[0]));
  }
}

TEST_CASE("a head learns from its own loss alone, and the main net gets nothing of it under farthest") {
  Alone alone(kPlain + "learning: {horizon: 2}\n", 1);
  alone.executor.begin_batch(true, 0, 1, 5);
  alone.executor.forward(0, random({5, 9}, 1), kTargets);
  alone.executor.local_loss(0);
  for (const auto& [name, parameter] : alone.stage.head().parameters())
    CHECK(parameter.grad().abs().max().item<double>() > 0);
  alone.executor.accept_gradient(0, 2, torch::zeros({5, 9}));
  alone.executor.weight_gradient(0);
  for (const auto& [name, parameter] : alone.stage.main().parameters())
    CHECK(parameter.grad().eq(0).all().item<bool>());
}

TEST_CASE("one pass gives the gradients that two passes give") {
  const std::string learning = "learning: {horizon: all}\n";
  Alone one(kPlain + learning, 2);
  Alone two(kPlain + learning, 2);
  const at::Tensor input = random({5, 9}, 1);
  const at::Tensor from_above = random({5, 8}, 2);
  for (Alone* alone : {&one, &two}) {
    alone->executor.begin_batch(true, 0, 1, 5);
    alone->executor.forward(0, input.clone(), kTargets);
    alone->executor.accept_gradient(0, 3, from_above);
  }
  const at::Tensor sent = one.executor.backward(0, 3);
  CHECK(sent.equal(two.executor.input_gradient(0, 3)));
  two.executor.weight_gradient(0);
  test::check_same(copy_gradients(std::vector{one.stage}), copy_gradients(std::vector{two.stage}));
}

TEST_CASE("gradients of micro-batches add up, and the next batch starts from none") {
  Alone alone(kPlain + "learning: {horizon: 1}\n", 1);
  const auto gradient_of = [&](const std::vector<int>& seeds) {
    alone.executor.begin_batch(true, 0, 1, 10);
    for (int m = 0; m < static_cast<int>(seeds.size()); ++m) {
      alone.executor.forward(
          m, random({5, 9}, static_cast<std::uint64_t>(seeds[static_cast<std::size_t>(m)])), kTargets);
      alone.executor.local_loss(m);
    }
    for (int m = 0; m < static_cast<int>(seeds.size()); ++m) alone.executor.weight_gradient(m);
    return alone.stage.head().parameters().front().second.grad().clone();
  };
  const at::Tensor first = gradient_of({1});
  const at::Tensor second = gradient_of({2});
  CHECK(gradient_of({1, 2}).equal(first + second));
  CHECK(gradient_of({1}).equal(first));
}

TEST_CASE("a stage without weights passes gradients down") {
  Alone alone(
      "model: {kind: sequential, layers: [{linear: {in: 6, out: 4}}, relu, {linear: {in: 4, out: 4}}]}\n"
      "partition: {stages: 3}\nlearning: {horizon: all}\n",
      1);
  alone.executor.begin_batch(true, 0, 1, 2);
  alone.executor.forward(0, torch::tensor({{-1.0F, 2.0F, -3.0F, 4.0F}}), kTargets.slice(0, 0, 1));
  alone.executor.accept_gradient(0, 2, torch::tensor({{5.0F, 6.0F, 7.0F, 8.0F}}));
  CHECK(alone.executor.backward(0, 2).equal(torch::tensor({{0.0F, 6.0F, 0.0F, 8.0F}})));
  alone.executor.update(0.1);
}

// Expires when the tensor's memory is freed.
using WeakMemory = c10::weak_intrusive_ptr<c10::StorageImpl>;

WeakMemory weak(const at::Tensor& tensor) {
  return tensor.storage().getWeakStorageImpl();
}

TEST_CASE("the weight gradient releases its micro-batch, and no other") {
  Alone alone(kPlain + "learning: {horizon: 1}\n", 1);
  alone.executor.begin_batch(true, 0, 1, 10);
  std::vector<WeakMemory> inputs;
  for (int m = 0; m < 2; ++m) {
    const at::Tensor input = random({5, 9}, 1);
    inputs.push_back(weak(input));
    alone.executor.forward(m, input, kTargets);
    alone.executor.local_loss(m);
  }
  alone.executor.weight_gradient(0);
  CHECK(inputs[0].expired());
  CHECK_FALSE(inputs[1].expired());
  CHECK_THROWS_WITH(alone.executor.weight_gradient(0), Contains("stage 1") && Contains("micro-batch 0"));
  alone.executor.weight_gradient(1);
  CHECK(inputs[1].expired());
}

TEST_CASE("what goes to the next stage carries no graph") {
  Alone alone(kPlain + "learning: {horizon: all}\n", 0);
  alone.executor.begin_batch(true, 0, 1, 5);
  const at::Tensor output = alone.executor.forward(0, random({5, 6}, 1), kTargets);
  CHECK_FALSE(output.requires_grad());
  CHECK(output.equal(alone.stage.main().forward(random({5, 6}, 1), {}).detach()));
}

TEST_CASE("evaluation keeps nothing for backward, computes the loss and leaves gradients alone") {
  Alone alone(kPlain + "learning: {horizon: 1}\n", 1);
  alone.executor.begin_batch(false, 0, 1, 5);
  at::Tensor input = random({5, 9}, 1);
  const WeakMemory kept = weak(input);
  const at::Tensor output = alone.executor.forward(0, input, kTargets);
  alone.executor.local_loss(0);
  CHECK_FALSE(input.requires_grad());
  CHECK_FALSE(output.requires_grad());
  CHECK(alone.executor.sums().loss ==
        Approx(at::cross_entropy_loss(alone.stage.head().forward(output, {}), kTargets).item<double>()));
  for (const auto& [name, gradient] : copy_gradients(std::vector{alone.stage}))
    CHECK_FALSE(gradient.defined());
  input.reset();
  alone.executor.end_evaluation();
  CHECK(kept.expired());
  CHECK_NOTHROW(alone.executor.begin_batch(true, 0, 1, 5));
}

TEST_CASE("a batch that starts with micro-batches of the last one in flight is a broken invariant") {
  Alone alone(kPlain + "learning: {horizon: 1}\n", 1);
  alone.executor.begin_batch(true, 0, 1, 5);
  alone.executor.forward(0, random({5, 9}, 1), kTargets);
  CHECK_THROWS_AS(alone.executor.begin_batch(true, 0, 2, 5), BrokenInvariant);
}

TEST_CASE("an action on a micro-batch that was never forwarded is a broken invariant") {
  Alone alone(kPlain + "learning: {horizon: 2}\n", 1);
  alone.executor.begin_batch(true, 0, 1, 5);
  CHECK_THROWS_AS(alone.executor.local_loss(0), BrokenInvariant);
  CHECK_THROWS_AS(alone.executor.input_gradient(3, 1), BrokenInvariant);
  CHECK_THROWS_AS(alone.executor.accept_gradient(0, 2, torch::zeros({1})), BrokenInvariant);
  CHECK_THROWS_AS(alone.executor.weight_gradient(0), BrokenInvariant);
}

// The bytes that two linear layers with a tanh between them keep: the input of each and tanh's output.
TEST_CASE(
    "activations in flight are counted in bytes, and recomputing keeps the input alone until backward") {
  const std::string yaml =
      "model: {kind: sequential, layers: [{linear: {in: 6, out: 9}}, tanh, {linear: {in: 9, out: 4}}]}\n"
      "training: {batch_size: 10, recompute: RECOMPUTE}\nschedule: {micro_batches: 2}\n";
  const auto peak = [&](const std::string& recompute, int in_flight) {
    Alone alone(std::regex_replace(yaml, std::regex("RECOMPUTE"), recompute), 0);
    alone.executor.begin_batch(true, 0, 1, 10);
    for (int m = 0; m < in_flight; ++m) {
      alone.executor.forward(m, random({5, 6}, 1), kTargets);
      alone.executor.local_loss(m);
    }
    const std::int64_t before = alone.executor.peak_activation_bytes();
    for (int m = 0; m < in_flight; ++m) alone.executor.weight_gradient(m);
    return std::pair(before, alone.executor.peak_activation_bytes());
  };
  const std::int64_t input = 5 * 6 * 4;
  const auto [one, one_after] = peak("false", 1);
  CHECK(one >= input + 5 * (9 + 9 + 4) * 4 - 5 * 9 * 4);  // tanh keeps its output only
  CHECK(one_after == one);
  CHECK(peak("false", 2).first == 2 * one);
  CHECK(peak("true", 2).first == 2 * input);
  CHECK(peak("true", 2).second == input + one);  // one graph at a time
}

TEST_CASE("gradients of several losses in one pass equal those of a pass each") {
  for (const char* const layers :
       {"[{linear: {in: 6, out: 9}}, tanh, {linear: {in: 9, out: 8}}, relu, {layernorm: {features: 8}}]",
        "[{linear: {in: 6, out: 8}}, {dropout: {p: 0.5}}]"}) {
    Alone alone(std::string("model: {kind: sequential, layers: [{linear: {in: 6, out: 6}}, ") +
                    std::string(layers).substr(1, std::string(layers).size() - 2) +
                    ", {linear: {in: 8, out: 8}}, {linear: {in: 8, out: 4}}]}\n"
                    "partition: {layers: \"1,rest,1,1\"}\nlearning: {horizon: 3, mix: sum}\n",
                1);
    alone.executor.begin_batch(true, 0, 1, 5);
    alone.executor.forward(0, random({5, 6}, 1), kTargets);
    for (int loss = 1; loss <= 3; ++loss)
      alone.executor.accept_gradient(0, loss, random({5, 8}, static_cast<std::uint64_t>(loss)));
    const std::vector<at::Tensor> stacked = alone.executor.stacked_input_gradients(0, 1, 3);
    REQUIRE(stacked.size() == 3);
    for (int loss = 1; loss <= 3; ++loss) {
      CHECK(torch::allclose(stacked[static_cast<std::size_t>(loss - 1)],
                            alone.executor.input_gradient(0, loss), 1e-6, 1e-7));
    }
    alone.executor.weight_gradient(0);
  }
}

}  // namespace
}  // namespace interlock::worker
