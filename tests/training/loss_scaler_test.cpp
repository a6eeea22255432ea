#include "training/loss_scaler.h"

#include <limits>

#include "common/error.h"
#include "support/small_runs.h"
#include "support/temp_folder.h"

namespace interlock::training {
namespace {

using Catch::Matchers::Contains;

const char* const kFloat16 = "precision: float16, loss_scale: 1024, loss_scale_window: 3";

RunPlan plan_of(const std::string& learning, const std::string& training = kFloat16,
                const std::string& partition = test::kFourStages) {
  return test::make_plan(std::string(test::kMlp) + partition + "learning: {" + learning + "}\ntraining: {" +
                         training + "}\n");
}

std::vector<LossScaler> scalers_of(const RunPlan& plan) {
  std::vector<LossScaler> all;
  for (int stage = 0; stage < plan.rule.stages(); ++stage) all.emplace_back(plan, stage);
  return all;
}

// Every stage hears this and returns what it skips.
std::vector<NetFlags> agree_all(std::vector<LossScaler>& scalers, const LossFlags& found) {
  std::vector<NetFlags> skips;
  for (LossScaler& scaler : scalers) skips.push_back(scaler.agree(found));
  return skips;
}

const LossFlags kNothing = {0, 0, 0, 0};

TEST_CASE("a stage knows the losses mixed into its main net and its own") {
  using Losses = std::vector<int>;
  const RunPlan farthest = plan_of("horizon: 3, train_all_heads: true");
  CHECK(LossScaler(farthest, 0).losses() == Losses{0, 2});
  CHECK(LossScaler(farthest, 1).losses() == Losses{1, 3});
  CHECK(LossScaler(farthest, 2).losses() == Losses{2, 3});
  CHECK(LossScaler(farthest, 3).losses() == Losses{3});
  const RunPlan plain = plan_of("horizon: 3");
  CHECK(LossScaler(plain, 0).losses() == Losses{2});  // head 0 would be dead
  const RunPlan sum = plan_of("horizon: 2, mix: sum");
  CHECK(LossScaler(sum, 1).losses() == Losses{1, 2});
  const RunPlan whole = plan_of("horizon: all");
  for (int stage = 0; stage < 4; ++stage) CHECK(LossScaler(whole, stage).losses() == Losses{3});
}

TEST_CASE("the sharers of a loss are exactly the stages that know its scale") {
  for (const char* learning :
       {"horizon: 1", "horizon: 2", "horizon: 3", "horizon: all", "horizon: 2, mix: sum",
        "horizon: 3, train_all_heads: true", "horizon: 3, mix: [1, 0, 0.5]"}) {
    INFO(learning);
    const RunPlan plan = plan_of(learning);
    for (int loss = 0; loss < 4; ++loss) {
      std::vector<int> knowing;
      for (int stage = 0; stage < 4; ++stage) {
        for (const int known : LossScaler(plan, stage).losses()) {
          if (known == loss) knowing.push_back(stage);
        }
      }
      CHECK(loss_sharers(plan.rule, loss) == knowing);
    }
  }
}

TEST_CASE("stages agree with those they share a loss with, at most N - 1 away") {
  using Stages = std::vector<int>;
  CHECK(overflow_peers(plan_of("horizon: 1").rule, 1).empty());
  CHECK(overflow_peers(plan_of("horizon: 2").rule, 1) == Stages{0, 2});
  CHECK(overflow_peers(plan_of("horizon: 2").rule, 2) == Stages{1, 3});
  CHECK(overflow_peers(plan_of("horizon: 3").rule, 0) == Stages{2});  // farthest: through loss 2 alone
  CHECK(overflow_peers(plan_of("horizon: 3, mix: sum").rule, 0) == Stages{1, 2});
  CHECK(overflow_peers(plan_of("horizon: all").rule, 3) == Stages{0, 1, 2});
}

TEST_CASE("without float16 every scale is 1, nothing is skipped and nothing is written") {
  for (const char* precision : {"precision: float32", "precision: bfloat16"}) {
    LossScaler scaler(plan_of("horizon: 2, mix: sum", precision), 1);
    CHECK_FALSE(scaler.active());
    CHECK(scaler.own_scale() == 1);
    CHECK(scaler.main_scale() == 1);
    const at::Tensor delta = torch::ones({2});
    CHECK(scaler.for_mixing(delta, 2).is_same(delta));
    const NetFlags skip = scaler.agree({1, 1, 1, 1});
    CHECK_FALSE(skip.main);
    CHECK_FALSE(skip.head);
    CHECK(scaler.own_scale() == 1);
    CHECK(scaler.state().empty());
  }
}

TEST_CASE("scales start at the config's, as a power of two not above it") {
  CHECK(LossScaler(plan_of("horizon: 2"), 0).main_scale() == 1024);
  for (const auto& [written, used] :
       {std::pair{"1", 1.0}, {"65536", 65536.0}, {"1000", 512.0}, {"1025", 1024.0}}) {
    CHECK(LossScaler(plan_of("horizon: 2", std::string("precision: float16, loss_scale: ") + written), 3)
              .own_scale() == used);
  }
}

TEST_CASE(
    "after an overflow exactly the nets that learn from that loss skip, and its scale alone is halved") {
  const RunPlan plan = plan_of("horizon: 2");  // main k learns from loss min(k+1, 3), heads 1 and 2 from 1, 2
  std::vector<LossScaler> scalers = scalers_of(plan);
  const std::vector<NetFlags> skips = agree_all(scalers, {0, 0, 1, 0});
  for (int stage = 0; stage < 4; ++stage) {
    INFO(stage);
    CHECK(skips[static_cast<std::size_t>(stage)].main == (stage == 1));
    CHECK(skips[static_cast<std::size_t>(stage)].head == (stage == 2));
  }
  CHECK(scalers[0].scale(1) == 1024);
  CHECK(scalers[1].scale(2) == 512);
  CHECK(scalers[2].scale(2) == 512);
  CHECK(scalers[2].scale(3) == 1024);
  CHECK(scalers[3].scale(3) == 1024);
}

TEST_CASE("a main net that mixes losses skips when any of them overflowed") {
  std::vector<LossScaler> scalers = scalers_of(plan_of("horizon: 3, mix: sum"));
  const std::vector<NetFlags> skips = agree_all(scalers, {0, 0, 1, 0});
  CHECK(skips[0].main);
  CHECK(skips[1].main);
  CHECK(skips[2].main);
  CHECK_FALSE(skips[3].main);
  CHECK_FALSE(skips[0].head);
  CHECK(skips[2].head);
}

TEST_CASE("what a stage finds is blamed on all losses that the net learns from, and on no other") {
  const LossScaler mixed(plan_of("horizon: 3, mix: sum"), 1);
  CHECK(mixed.flags({true, false}) == LossFlags{0, 1, 1, 1});
  CHECK(mixed.flags({false, true}) == LossFlags{0, 1, 0, 0});
  CHECK(mixed.flags({false, false}) == kNothing);
  const LossScaler farthest(plan_of("horizon: 3, train_all_heads: true"), 0);
  CHECK(farthest.flags({true, false}) == LossFlags{0, 0, 1, 0});
  CHECK(farthest.flags({true, true}) == LossFlags{1, 0, 1, 0});
  CHECK(LossScaler(plan_of("horizon: 3"), 3).flags({true, false}) == LossFlags{0, 0, 0, 1});
}

TEST_CASE("a scale doubles after the window's steps without overflow; an overflow starts the count again") {
  LossScaler scaler(plan_of("horizon: all"), 0);
  const LossFlags overflow = {0, 0, 0, 1};
  const auto scale_after = [&](const LossFlags& found) {
    scaler.agree(found);
    return scaler.main_scale();
  };
  CHECK(scale_after(kNothing) == 1024);
  CHECK(scale_after(kNothing) == 1024);
  CHECK(scale_after(kNothing) == 2048);
  CHECK(scale_after(kNothing) == 2048);
  CHECK(scale_after(kNothing) == 2048);
  CHECK(scale_after(overflow) == 1024);
  CHECK(scale_after(kNothing) == 1024);
  CHECK(scale_after(kNothing) == 1024);
  CHECK(scale_after(kNothing) == 2048);
}

TEST_CASE("a scale is never below 1 nor above 2^32") {
  LossScaler scaler(plan_of("horizon: all", "precision: float16, loss_scale: 2, loss_scale_window: 1"), 0);
  const LossFlags overflow = {0, 0, 0, 1};
  for (const double expected : {1.0, 1.0, 1.0}) {
    CHECK(scaler.agree(overflow).main);
    CHECK(scaler.main_scale() == expected);
  }
  for (int step = 0; step < 40; ++step) scaler.agree(kNothing);
  CHECK(scaler.main_scale() == 4294967296.0);
}

TEST_CASE("stages that share losses know the same scales after any sequence of overflows") {
  for (const char* learning : {"horizon: 2", "horizon: 3, mix: sum", "horizon: 3, train_all_heads: true"}) {
    const RunPlan plan = plan_of(learning);
    std::vector<LossScaler> scalers = scalers_of(plan);
    SplitMix64 random(7);
    const auto peers_of = [&](std::size_t k) { return overflow_peers(plan.rule, static_cast<int>(k)); };
    for (int step = 0; step < 50; ++step) {
      // Each stage hears its peers alone.
      std::vector<LossFlags> own;
      for (const LossScaler& scaler : scalers)
        own.push_back(scaler.flags({random.uniform() < 0.1, random.uniform() < 0.1}));
      for (std::size_t k = 0; k < 4; ++k) {
        LossFlags heard = own[k];
        for (const int peer : peers_of(k)) {
          for (std::size_t l = 0; l < 4; ++l) heard[l] |= own[static_cast<std::size_t>(peer)][l];
        }
        scalers[k].agree(heard);
      }
      for (int loss = 0; loss < 4; ++loss) {
        const std::vector<int> sharers = loss_sharers(plan.rule, loss);
        for (const int stage : sharers) {
          CHECK(scalers[static_cast<std::size_t>(stage)].scale(loss) ==
                scalers[static_cast<std::size_t>(sharers.front())].scale(loss));
        }
      }
    }
  }
}

TEST_CASE("gradients of several losses are mixed at the smallest of their scales, and nothing is rounded") {
  std::vector<LossScaler> scalers = scalers_of(plan_of("horizon: 2, mix: sum"));
  agree_all(scalers, {0, 0, 1, 0});
  agree_all(scalers, {0, 0, 1, 0});
  const LossScaler& stage = scalers[1];  // losses 1 (1024) and 2 (256)
  CHECK(stage.scale(1) == 1024);
  CHECK(stage.scale(2) == 256);
  CHECK(stage.main_scale() == 256);
  torch::manual_seed(1);
  const at::Tensor delta = torch::randn({50});
  CHECK(stage.for_mixing(delta * 1024, 1).equal(delta * 256));
  const at::Tensor same = delta * 256;
  CHECK(stage.for_mixing(same, 2).is_same(same));
  // The smallest number of float16 would vanish in float16.
  const at::Tensor tiny = torch::full({1}, 6e-8).to(at::kHalf);
  const at::Tensor brought = stage.for_mixing(tiny, 1);
  CHECK(brought.scalar_type() == at::kFloat);
  CHECK(brought.equal(tiny.to(at::kFloat) / 4));
  CHECK(brought.item<float>() > 0);
}

TEST_CASE("asking for a loss that the stage has no part in is a broken invariant") {
  CHECK_THROWS_AS(LossScaler(plan_of("horizon: 2"), 0).scale(3), BrokenInvariant);
  CHECK_THROWS_AS(LossScaler(plan_of("horizon: 2"), 0).agree({0, 0}), BrokenInvariant);
}

storage::TensorFile written_by(const std::vector<LossScaler>& scalers) {
  storage::TensorFile file;
  for (const LossScaler& scaler : scalers) {
    for (const auto& entry : scaler.state()) file.tensors.push_back(entry);
  }
  return file;
}

TEST_CASE("scales go on from a checkpoint as if there had been none") {
  const RunPlan plan = plan_of("horizon: 3, mix: sum, train_all_heads: true");
  std::vector<LossScaler> whole = scalers_of(plan);
  agree_all(whole, {0, 1, 0, 0});
  agree_all(whole, kNothing);
  agree_all(whole, {0, 0, 0, 1});
  std::vector<LossScaler> resumed = scalers_of(plan);
  const storage::TensorFile file = written_by(whole);
  CHECK(file.tensors.size() == 4 * 2);  // each loss once
  for (LossScaler& scaler : resumed) scaler.load_state(file, "c");
  for (int step = 0; step < 8; ++step) {
    for (std::size_t k = 0; k < whole.size(); ++k) {
      for (const int loss : whole[k].losses()) CHECK(resumed[k].scale(loss) == whole[k].scale(loss));
    }
    agree_all(whole, kNothing);
    agree_all(resumed, kNothing);
  }
}

TEST_CASE("another cut finds the scales of losses that follow the same layers; others start afresh") {
  std::vector<LossScaler> four =
      scalers_of(plan_of("horizon: 1"));  // layers 2, 3, 1, 1: cut behind 1, 4, 5, 6
  agree_all(four, {0, 1, 0, 0});
  agree_all(four, {0, 1, 0, 1});
  const storage::TensorFile file = written_by(four);
  const RunPlan three_plan = plan_of("horizon: 1", kFloat16, "partition: {layers: [5, 1, 1]}\n");
  std::vector<LossScaler> three = scalers_of(three_plan);
  for (LossScaler& scaler : three) scaler.load_state(file, "c");
  CHECK(three[0].own_scale() == 256);
  CHECK(three[1].own_scale() == 1024);
  CHECK(three[2].own_scale() == 512);
  const RunPlan two_plan = plan_of("horizon: 1", kFloat16, "partition: {layers: [1, 6]}\n");
  std::vector<LossScaler> two = scalers_of(two_plan);
  for (LossScaler& scaler : two) scaler.load_state(file, "c");
  CHECK(two[0].own_scale() == 1024);
  CHECK(two[1].own_scale() == 512);
}

TEST_CASE("a damaged scale is refused by name") {
  LossScaler scaler(plan_of("horizon: all"), 3);
  for (const double bad : {0.0, -4.0, 0.5, 1e30, std::numeric_limits<double>::quiet_NaN()}) {
    storage::TensorFile file;
    for (const auto& entry : scaler.state()) file.tensors.push_back(entry);
    REQUIRE(file.tensors[0].first == "optimizer.loss_scale.6.scale");
    file.tensors[0].second = torch::tensor(bad, torch::kDouble);
    CHECK_THAT(test::message_of<DataError>([&] { scaler.load_state(file, "c"); }),
               Contains("optimizer.loss_scale.6.scale") && Contains("no loss scale"));
  }
}

}  // namespace
}  // namespace interlock::training
