#include "training/stage_optimizer.h"

#include <cmath>
#include <limits>

#include "common/error.h"
#include "support/small_runs.h"
#include "support/temp_folder.h"

namespace interlock::training {
namespace {

using Catch::Matchers::Contains;

// The first of four stages, with its head, and its optimizer.
struct Trained {
  explicit Trained(const std::string& sections, std::uint64_t seed = 1)
      : plan(test::make_plan(std::string(test::kMlp) + test::kFourStages + "learning: {horizon: 1}\n" +
                             sections)),
        stage(plan.blueprint.stages[0], seed),
        optimizer(stage, plan.config) {}

  // Gradients all of one value, so that norms are known.
  void set_gradients(double main, double head) {
    for (const auto& [name, parameter] : stage.main().parameters())
      parameter.mutable_grad() = torch::full_like(parameter, main);
    for (const auto& [name, parameter] : stage.head().parameters())
      parameter.mutable_grad() = torch::full_like(parameter, head);
  }
  // Length of what one step changed, main net and head.
  std::pair<double, double> step(double rate) {
    const test::TensorsByName before = test::copy_tensors(std::vector{stage});
    optimizer.step(rate);
    double main = 0;
    double head = 0;
    for (const auto& [name, tensor] : test::copy_tensors(std::vector{stage})) {
      const double squares = (tensor - before.at(name)).pow(2).sum().item<double>();
      (name.rfind("heads.", 0) == 0 ? head : main) += squares;
    }
    return {std::sqrt(main), std::sqrt(head)};
  }

  RunPlan plan;
  models::Stage stage;
  StageOptimizer optimizer;
};

const double kMainSize = std::sqrt(6 * 9 + 9);  // length of a vector of ones over all parameters
const double kHeadSize = std::sqrt(9 * 4 + 4);

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

// Gradients as a batch leaves them, on nets of known lengths.
const double kInfinity = std::numeric_limits<double>::infinity();

TEST_CASE("global clipping limits the norm of all main nets together, and each head's by itself") {
  const std::string sections =
      "optimizer: {kind: sgd, lr: 1}\ntraining: {clip_norm: 2, clip_scope: global}\n";
  Trained trained(sections);
  trained.set_gradients(5, 7);
  Update update{1};
  const double own = trained.optimizer.main_squares(update, false);
  CHECK(own == Approx(25 * kMainSize * kMainSize));
  update.squares = own + 400;  // of other stages
  const test::TensorsByName before = test::copy_tensors(std::vector{trained.stage});
  trained.optimizer.step(update);
  double main = 0, head = 0;
  for (const auto& [name, tensor] : test::copy_tensors(std::vector{trained.stage})) {
    const double squares = (tensor - before.at(name)).pow(2).sum().item<double>();
    (name.rfind("heads.", 0) == 0 ? head : main) += squares;
  }
  CHECK(std::sqrt(main) == Approx(2 * std::sqrt(own / (own + 400))));
  CHECK(std::sqrt(head) == Approx(2));
}

TEST_CASE("global clipping of one stage alone is clipping by stage") {
  const std::string optimizer = "optimizer: {kind: sgd, lr: 1}\n";
  Trained global(optimizer + "training: {clip_norm: 2, clip_scope: global}\n");
  Trained stage(optimizer + "training: {clip_norm: 2}\n");
  global.set_gradients(5, 7);
  stage.set_gradients(5, 7);
  Update update{0.5, 1.25};
  update.squares = global.optimizer.main_squares(update, false);
  global.optimizer.step(update);
  stage.optimizer.step(0.5, 1.25);
  const test::TensorsByName expected = test::copy_tensors(std::vector{stage.stage});
  for (const auto& [name, tensor] : test::copy_tensors(std::vector{global.stage})) {
    INFO(name);
    CHECK(tensor.allclose(expected.at(name), 1e-6, 1e-7));
  }
}

TEST_CASE("norms are of gradients as they are used: scaled, and without nets that skip") {
  Trained trained("training: {clip_norm: 2, clip_scope: global}\n");
  trained.set_gradients(5, 7);
  Update update{1, 2};
  CHECK(trained.optimizer.main_squares(update, false) == Approx(100 * kMainSize * kMainSize));
  update.skip.main = true;
  CHECK(trained.optimizer.main_squares(update, false) == 0);
}

TEST_CASE("nobody steps by a global norm that nobody added up") {
  Trained trained("training: {clip_norm: 2, clip_scope: global}\n");
  trained.set_gradients(1, 1);
  CHECK_THROWS_AS(trained.optimizer.step(1), BrokenInvariant);
}

TEST_CASE("the gradient scale multiplies before clipping") {
  Trained trained("optimizer: {kind: sgd, lr: 1}\ntraining: {clip_norm: 2}\n");
  trained.set_gradients(0.1, 7);
  const test::TensorsByName before = test::copy_tensors(std::vector{trained.stage});
  trained.optimizer.step(1, 1.5);
  const test::TensorsByName after = test::copy_tensors(std::vector{trained.stage});
  CHECK((before.at("layers.0.bias") - after.at("layers.0.bias")).allclose(torch::full({9}, 0.15F), 1e-5));
  CHECK((before.at("heads.0.0.bias") - after.at("heads.0.0.bias"))
            .allclose(torch::full({4}, static_cast<float>(2 / kHeadSize)), 1e-5));
}

TEST_CASE("unscaling divides exactly and finds what is not finite, main net and head apart") {
  Trained trained("optimizer: {kind: sgd, lr: 1}\n");
  const auto find = [&](double main, double head) {
    trained.optimizer.clear_gradients();
    trained.set_gradients(main, head);
    const NetFlags found = trained.optimizer.unscale(1024, 64);
    return std::pair{found.main, found.head};
  };
  CHECK(find(3 * 1024, 5 * 64) == std::pair{false, false});
  const test::TensorsByName gradients = test::copy_gradients(std::vector{trained.stage});
  CHECK(gradients.at("layers.0.weight").equal(torch::full({9, 6}, 3.0F)));
  CHECK(gradients.at("heads.0.0.bias").equal(torch::full({4}, 5.0F)));
  CHECK(find(kInfinity, 1) == std::pair{true, false});
  CHECK(find(1, -kInfinity) == std::pair{false, true});
  CHECK(find(std::nan(""), kInfinity) == std::pair{true, true});
  // One element is enough.
  trained.optimizer.clear_gradients();
  trained.set_gradients(1, 1);
  trained.stage.head().parameters()[0].second.grad()[3][8] = kInfinity;
  CHECK(trained.optimizer.unscale(2, 2).head);
  // Without any gradient nothing is wrong.
  trained.optimizer.clear_gradients();
  CHECK_FALSE(trained.optimizer.unscale(2, 2).main);
}

TEST_CASE("a net that skips keeps weights, state and age; the other one steps") {
  for (const char* kind : {"{kind: sgd, lr: 1, momentum: 0.9}", "{kind: adam, weight_decay: 0.1}"}) {
    INFO(kind);
    const std::string sections = std::string("optimizer: ") + kind + "\n";
    Trained skipping(sections), plain(sections);
    const auto step = [](Trained& one, double main, NetFlags skip) {
      one.set_gradients(main, 1);
      one.optimizer.step({0.1, 1, skip});
    };
    step(skipping, 1, {});
    step(plain, 1, {});
    step(skipping, kInfinity, {true, false});
    step(skipping, 2, {});
    step(plain, 2, {});
    const test::TensorsByName found = test::copy_tensors(std::vector{skipping.stage});
    for (const auto& [name, tensor] : test::copy_tensors(std::vector{plain.stage})) {
      INFO(name);
      CHECK(found.at(name).equal(tensor) == (name.rfind("heads.", 0) != 0));
    }
    for (const auto& [name, tensor] : skipping.optimizer.state()) {
      INFO(name);
      CHECK(tensor.isfinite().all().item<bool>());
      if (name == "optimizer.layers.0.bias.step") CHECK(tensor.item<std::int64_t>() == 2);
      if (name == "optimizer.heads.0.0.bias.step") CHECK(tensor.item<std::int64_t>() == 3);
    }
  }
}

TEST_CASE("state is there to be written although every step so far was skipped") {
  for (const char* kind : {"{kind: sgd, momentum: 0.9}", "{kind: adam}"}) {
    Trained trained(std::string("optimizer: ") + kind + "\n");
    trained.set_gradients(kInfinity, kInfinity);
    trained.optimizer.step({0.1, 1, {true, true}});
    storage::TensorFile file;
    for (const auto& [name, tensor] : trained.stage.state()) file.tensors.emplace_back(name, tensor.detach());
    for (const auto& entry : trained.optimizer.state()) file.tensors.push_back(entry);
    Trained resumed(std::string("optimizer: ") + kind + "\n");
    CHECK_NOTHROW(resumed.optimizer.load_state(file, "c"));
    trained.set_gradients(1, 2);
    resumed.set_gradients(1, 2);
    trained.optimizer.step(0.1);
    resumed.optimizer.step(0.1);
    test::check_same(test::copy_tensors(std::vector{resumed.stage}),
                     test::copy_tensors(std::vector{trained.stage}));
  }
}

// A language model in one stage: the embedding and the output layer each hold a copy of the tied matrix.
struct Tied {
  explicit Tied(const std::string& sections)
      : plan(test::make_plan("model: {kind: transformer_lm, blocks: 1, width: 8, attention_heads: 2}\n"
                             "optimizer: {kind: sgd, lr: 1}\n" +
                                 sections,
                             {{5}, {5}, 11, true, 20, 0, "", 11})),
        stage(plan.blueprint.stages[0], 1),
        optimizer(stage, plan.config) {
    for (const auto& [name, parameter] : stage.main().parameters())
      parameter.mutable_grad() = torch::ones_like(parameter);
  }
  RunPlan plan;
  models::Stage stage;
  StageOptimizer optimizer;
};

TEST_CASE("a tied matrix counts once in a global norm, on the stage that counts it, and is clipped with it") {
  Tied tied("training: {clip_norm: 2, clip_scope: global}\n");
  REQUIRE(tied.stage.tied_weights().size() == 2);
  const Update update{1};
  const double without = tied.optimizer.main_squares(update, false);
  CHECK(tied.optimizer.main_squares(update, true) == Approx(without + 8 * 11));
  double elements = 0;
  for (const auto& [name, parameter] : tied.stage.main().parameters())
    elements += static_cast<double>(parameter.numel());
  CHECK(without == Approx(elements - 2 * 8 * 11));
  const at::Tensor before = tied.stage.tied_weights()[1].detach().clone();
  Update all{1};
  all.squares = 400;
  tied.optimizer.step(all);
  CHECK((before - tied.stage.tied_weights()[1]).allclose(torch::full({11, 8}, 0.1F), 1e-4));
}

TEST_CASE("by stage a tied matrix is clipped by itself") {
  Tied tied("training: {clip_norm: 2}\n");
  const at::Tensor before = tied.stage.tied_weights()[0].detach().clone();
  tied.optimizer.step(1);
  CHECK((before - tied.stage.tied_weights()[0]).norm().item<double>() == Approx(2).epsilon(1e-4));
}

TEST_CASE("after unscaling a tied matrix skips exactly if its own sum is not finite") {
  for (const bool finite : {true, false}) {
    Tied tied("training: {clip_norm: 2, clip_scope: global}\n");
    (void)tied.optimizer.unscale(1, 1);
    const at::Tensor sum = torch::full({11, 8}, finite ? 1.0 : kInfinity);
    for (const at::Tensor& copy : tied.stage.tied_weights()) copy.mutable_grad() = sum.clone();
    const test::TensorsByName before = test::copy_tensors(std::vector{tied.stage});
    Update update{1, 1, {true, false}};
    CHECK(tied.optimizer.main_squares(update, true) == Approx(finite ? 88 : 0));
    update.squares = 1;
    tied.optimizer.step(update);
    const at::Tensor copy = tied.stage.tied_weights()[0];
    for (const auto& [name, parameter] : tied.stage.main().parameters()) {
      INFO(name);
      const bool moved = !parameter.equal(before.at(name));
      CHECK(moved ==
            (finite && (parameter.is_same(copy) || parameter.is_same(tied.stage.tied_weights()[1]))));
    }
  }
}

}  // namespace
}  // namespace interlock::training
