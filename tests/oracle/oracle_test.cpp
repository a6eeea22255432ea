#include "oracle/oracle.h"

#include <cmath>

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include "models/loss.h"
#include "oracle_support.h"
#include "support/temp_folder.h"

namespace interlock::oracle {
namespace {

using test::copy_gradients;
using test::copy_tensors;
using test::kFourStages;
using test::kMlp;
using test::kVectors;
using test::make_plan;
using test::random_batches;

training::RunPlan four_stages(const std::string& learning, const std::string& more = "") {
  return make_plan(std::string(kMlp) + kFourStages + "learning: {" + learning + "}\n" + more);
}

TEST_CASE("every rule's gradients are plain autograd's through the un-cut network") {
  struct Mix {
    const char* text;
    double (*weight)(int distance, int reaching);  // reaching: how many losses reach the stage
  };
  const std::vector<Mix> mixes = {
      {"farthest", [](int distance, int reaching) { return distance == reaching - 1 ? 1.0 : 0.0; }},
      {"sum", [](int, int) { return 1.0; }},
      {"mean", [](int, int reaching) { return 1.0 / reaching; }},
      {"weights",
       [](int distance, int) {
         return std::vector<double>{0.5, 0.25, 2}.at(static_cast<std::size_t>(distance));
       }},
  };
  for (int horizon = 1; horizon <= 3; ++horizon) {
    for (const Mix& mix : mixes) {
      const std::vector<std::string> weights = {"[0.5]", "[0.5, 0.25]", "[0.5, 0.25, 2]"};
      const std::string text =
          mix.text == std::string("weights") ? weights[static_cast<std::size_t>(horizon - 1)] : mix.text;
      INFO("horizon " << horizon << " mix " << text);
      const training::RunPlan plan = four_stages(fmt::format("horizon: {}, mix: {}", horizon, text));
      const std::vector<data::Batch> batches = random_batches(kVectors, {3, 3, 1});
      Oracle oracle(plan);
      const test::TensorsByName expected =
          uncut_gradients(plan, Oracle(plan).stages(), batches, [&](int loss, int stage) {
            const int reaching = std::min(horizon, 4 - stage);
            return loss < stage || loss >= stage + reaching ? 0.0 : mix.weight(loss - stage, reaching);
          });
      oracle.train_batch(batches, 0, 1);
      const test::TensorsByName found = copy_gradients(oracle.stages());
      REQUIRE(found.size() == expected.size());
      for (const auto& [name, gradient] : expected) {
        INFO(name);
        CHECK(found.at(name).allclose(gradient, 1e-5, 1e-7));
      }
    }
  }
}

TEST_CASE("horizon K is plain backpropagation of the un-cut network, bit for bit, on every cut") {
  const std::string cuts[] = {"[7]", "[3, 4]", "[2, 3, 2]", "[2, 3, 1, 1]"};
  for (const std::string& cut : cuts) {
    INFO(cut);
    const training::RunPlan plan =
        make_plan(kMlp + ("partition: {layers: " + cut + "}\nlearning: {horizon: all}\n") +
                  "optimizer: {kind: sgd, lr: 0.25}\n");
    Oracle oracle(plan);
    const Oracle reference(plan);  // only its weights are used, updated here by hand
    for (int step = 1; step <= 3; ++step) {
      const std::vector<data::Batch> batches =
          random_batches(kVectors, {3, 3, 1}, static_cast<std::uint64_t>(step));
      const test::TensorsByName gradients = uncut_gradients(
          plan, reference.stages(), batches,
          [&](int loss, int) { return loss == plan.rule.stages() - 1 ? 1.0 : 0.0; }, step);
      oracle.train_batch(batches, 0, step);
      test::check_same(copy_gradients(oracle.stages()), gradients);
      const at::NoGradGuard no_grad;
      for (const models::Stage& stage : reference.stages()) {
        for (const auto& [name, weight] : stage.state()) weight.add_(gradients.at(name), -0.25);
      }
    }
    test::check_same(copy_tensors(oracle.stages()), copy_tensors(reference.stages()));
  }
}

// Which stages' main gradients change when every main weight of `stage` changes, as "0110".
std::string stages_reached(int horizon, int stage, bool head) {
  const training::RunPlan plan = four_stages(fmt::format("horizon: {}", horizon));
  const std::vector<data::Batch> batches = random_batches(kVectors, {4});
  Oracle plain(plan);
  Oracle changed(plan);
  {
    const at::NoGradGuard no_grad;
    const models::Stage& target = changed.stage(stage);
    for (const auto& [name, weight] : (head ? target.head() : target.main()).parameters()) weight.add_(0.1);
  }
  plain.train_batch(batches, 0, 1);
  changed.train_batch(batches, 0, 1);
  std::string reached;
  for (std::size_t k = 0; k < 4; ++k) {
    bool same = true;
    for (std::size_t i = 0; i < plain.stages()[k].main().parameters().size(); ++i) {
      same = same && plain.stages()[k].main().parameters()[i].second.grad().equal(
                         changed.stages()[k].main().parameters()[i].second.grad());
    }
    reached += same ? '0' : '1';
  }
  return reached;
}

TEST_CASE("local learning: no gradient crosses a cut") {
  CHECK(stages_reached(1, 3, false) == "0001");
  CHECK(stages_reached(1, 2, true) == "0010");
  CHECK(stages_reached(1, 0, true) == "1000");
}

TEST_CASE("a stage's weights are felt N-1 stages below, and a head's loss exactly N-1 below") {
  CHECK(stages_reached(2, 3, false) == "0011");
  CHECK(stages_reached(3, 3, false) == "0111");
  CHECK(stages_reached(4, 3, false) == "1111");
  CHECK(stages_reached(2, 2, true) == "0100");
  CHECK(stages_reached(2, 1, true) == "1000");
  CHECK(stages_reached(3, 2, true) == "1000");
}

TEST_CASE("losses are means over the batch, and not a number where no one uses them") {
  const training::RunPlan plan = make_plan(
      "model: {kind: sequential, layers: [{linear: {in: 6, out: 5}}, tanh, {linear: {in: 5, out: 4}}]}\n"
      "partition: {layers: [1, 1, 1]}\nlearning: {horizon: 2}\n");
  const std::vector<data::Batch> batches = random_batches(kVectors, {3, 3, 1});
  Oracle oracle(plan);
  at::Tensor h = torch::cat({batches[0].inputs, batches[1].inputs, batches[2].inputs});
  const at::Tensor targets = torch::cat({batches[0].targets, batches[1].targets, batches[2].targets});
  std::vector<at::Tensor> outputs;
  for (const models::Stage& stage : oracle.stages())
    outputs.push_back(h = stage.main().forward(h, {}).detach());
  const at::Tensor middle = oracle.stages()[1].head().forward(outputs[1], {}).detach();
  for (const bool training : {false, true}) {
    const BatchResult result = training ? oracle.train_batch(batches, 0, 1) : oracle.evaluate_batch(batches);
    CHECK(std::isnan(result.loss[0]));
    CHECK(result.loss[1] == Approx(at::cross_entropy_loss(middle, targets).item<double>()));
    CHECK(result.loss[2] == Approx(at::cross_entropy_loss(outputs[2], targets).item<double>()));
    CHECK(result.correct[0] == 0);
    CHECK(result.correct[2] == outputs[2].argmax(1).eq(targets).sum().item<std::int64_t>());
  }
}

TEST_CASE("without dropout the gradient does not depend on how a batch is cut into micro-batches") {
  const training::RunPlan plan = make_plan(
      "model: {kind: sequential, layers: [{linear: {in: 6, out: 5}}, tanh, {linear: {in: 5, out: 4}}]}\n"
      "partition: {layers: [2, 1]}\nlearning: {horizon: 1}\n");
  const std::vector<data::Batch> parts = random_batches(kVectors, {3, 3, 1});
  const data::Batch whole{torch::cat({parts[0].inputs, parts[1].inputs, parts[2].inputs}),
                          torch::cat({parts[0].targets, parts[1].targets, parts[2].targets})};
  Oracle cut(plan);
  Oracle uncut(plan);
  cut.train_batch(parts, 0, 1);
  uncut.train_batch({whole}, 0, 1);
  const test::TensorsByName expected = copy_gradients(uncut.stages());
  for (const auto& [name, gradient] : copy_gradients(cut.stages())) {
    INFO(name);
    CHECK(gradient.allclose(expected.at(name), 1e-5, 1e-7));
  }
}

TEST_CASE("dropout differs by epoch, step and micro-batch, and repeats with them") {
  const training::RunPlan plan = four_stages("horizon: 1");
  const std::vector<data::Batch> one = random_batches(kVectors, {4});
  const auto loss = [&](std::int64_t epoch, std::int64_t step) {
    return Oracle(plan).train_batch(one, epoch, step).loss[1];  // stage 1 has the dropout
  };
  CHECK(loss(0, 1) == loss(0, 1));
  CHECK(loss(0, 1) != loss(1, 1));
  CHECK(loss(0, 1) != loss(0, 2));
  const double twice = Oracle(plan).train_batch({one[0], one[0]}, 0, 1).loss[1];
  CHECK(twice != Approx(loss(0, 1)).epsilon(1e-4));
}

TEST_CASE("evaluation changes neither weights nor statistics") {
  const data::DatasetInfo images{{3, 4, 4}, {}, 4, false, 20, 0};
  const training::RunPlan plan =
      make_plan("model: {kind: resnet, super_blocks: '4,2'}\npartition: {stages: 2}\n", images);
  Oracle oracle(plan);
  const test::TensorsByName before = copy_tensors(oracle.stages());
  const std::vector<data::Batch> batches = random_batches(images, {3, 2});
  const BatchResult first = oracle.evaluate_batch(batches);
  test::check_same(copy_tensors(oracle.stages()), before);
  CHECK(oracle.evaluate_batch(batches).loss[1] == first.loss[1]);
}

TEST_CASE("a run starts from the weights of model.init") {
  const test::TempFolder folder;
  const std::string path = folder.path_of("start.safetensors");
  storage::TensorFile file;
  for (const auto& [name, tensor] : copy_tensors(Oracle(four_stages("horizon: 1")).stages())) {
    file.tensors.emplace_back(name, tensor + 1);
  }
  storage::write_safetensors(path, file);
  training::RunPlan plan = four_stages("horizon: 1");
  plan.config.model.init = path;
  const Oracle oracle(plan);
  const test::TensorsByName found = copy_tensors(oracle.stages());
  for (const auto& [name, tensor] : file.tensors) {
    INFO(name);
    CHECK(found.at(name).equal(tensor));
  }
}

}  // namespace
}  // namespace interlock::oracle
