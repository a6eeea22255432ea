#include "training/stage_optimizer.h"

#include "common/error.h"
#include "stage_optimizer_support.h"
#include "support/temp_folder.h"

namespace interlock::training {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("main net and head are clipped apart: neither's length changes the other's step") {
  const std::string sections = "optimizer: {kind: sgd, lr: 1}\ntraining: {clip_norm: 2}\n";
  Trained both(sections);
  both.set_gradients(5, 7);
  auto [main, head] = both.step(1);
  CHECK(main == Approx(2));
  CHECK(head == Approx(2));
  Trained only_head(sections);
  only_head.set_gradients(0.1, 7);
  std::tie(main, head) = only_head.step(1);
  CHECK(main == Approx(0.1 * kMainSize));
  CHECK(head == Approx(2));
  Trained only_main(sections);
  only_main.set_gradients(5, 0.1);
  std::tie(main, head) = only_main.step(1);
  CHECK(main == Approx(2));
  CHECK(head == Approx(0.1 * kHeadSize));
}

TEST_CASE("without clip_norm nothing is clipped") {
  Trained trained("optimizer: {kind: sgd, lr: 1}\n");
  trained.set_gradients(50, 70);
  const auto [main, head] = trained.step(1);
  CHECK(main == Approx(50 * kMainSize));
  CHECK(head == Approx(70 * kHeadSize));
}

TEST_CASE("the rate of a step is the one handed in, not the config's") {
  Trained trained("optimizer: {kind: sgd, lr: 1}\n");
  trained.set_gradients(1, 1);
  CHECK(trained.step(0.25).first == Approx(0.25 * kMainSize));
  trained.set_gradients(1, 1);
  CHECK(trained.step(0.5).first == Approx(0.5 * kMainSize));
}

TEST_CASE("cleared gradients are gone") {
  Trained trained("optimizer: {kind: sgd, lr: 1}\n");
  trained.set_gradients(1, 1);
  trained.optimizer.clear_gradients();
  for (const auto& [name, gradient] : test::copy_gradients(std::vector{trained.stage})) {
    INFO(name);
    CHECK_FALSE(gradient.defined());
  }
}

TEST_CASE("a stage of layers without weights steps, clears and has no state") {
  const RunPlan plan = test::make_plan(
      "model: {kind: sequential, layers: [relu, {linear: {in: 6, out: 4}}]}\npartition: {layers: [1, 1]}\n"
      "optimizer: {kind: adam}\ntraining: {clip_norm: 1}\n");
  const models::Stage stage(plan.blueprint.stages[0], 1);
  StageOptimizer optimizer(stage, plan.config);
  optimizer.clear_gradients();
  optimizer.step(0.1);
  CHECK(optimizer.state().empty());
  optimizer.load_state({}, "empty");
}

TEST_CASE("state is named after its parameter and slot") {
  Trained trained("optimizer: {kind: adam}\n");
  CHECK(trained.optimizer.state().empty());  // before the first step
  trained.set_gradients(1, 1);
  trained.optimizer.step(0.1);
  std::map<std::string, at::Tensor> state;
  for (const auto& [name, tensor] : trained.optimizer.state()) state[name] = tensor;
  CHECK(state.size() == 4 * 3);
  CHECK(state.at("optimizer.layers.0.weight.exp_avg").sizes().vec() == std::vector<std::int64_t>{9, 6});
  CHECK(state.at("optimizer.heads.0.0.bias.exp_avg_sq").sizes().vec() == std::vector<std::int64_t>{4});
  CHECK(state.at("optimizer.layers.0.bias.step").item<std::int64_t>() == 1);
}

TEST_CASE("state of another optimizer, or of another shape, is refused by name") {
  Trained adam("optimizer: {kind: adam}\n");
  adam.set_gradients(1, 1);
  adam.optimizer.step(0.1);
  storage::TensorFile file;
  for (const auto& [name, tensor] : adam.stage.state()) file.tensors.emplace_back(name, tensor.detach());
  for (const auto& entry : adam.optimizer.state()) file.tensors.push_back(entry);

  Trained sgd("optimizer: {kind: sgd, momentum: 0.9}\n");
  CHECK_THAT(test::message_of<DataError>([&] { sgd.optimizer.load_state(file, "c"); }),
             Contains("optimizer.layers.0.weight.momentum_buffer") && Contains("another optimizer"));
  for (auto& [name, tensor] : file.tensors) {
    if (name == "optimizer.layers.0.weight.exp_avg") tensor = torch::zeros({6, 9});
  }
  CHECK_THAT(test::message_of<DataError>([&] { adam.optimizer.load_state(file, "c"); }),
             Contains("exp_avg") && Contains("[6, 9]") && Contains("[9, 6]"));
}

}  // namespace
}  // namespace interlock::training
