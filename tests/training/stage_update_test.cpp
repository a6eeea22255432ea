// What a step does with an Update: a norm of all stages, nets that skip, tied matrices.

#include "common/error.h"
#include "stage_optimizer_support.h"

namespace interlock::training {
namespace {

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
