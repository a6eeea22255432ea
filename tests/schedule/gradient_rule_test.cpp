#include "schedule/gradient_rule.h"

#include <algorithm>

#include "common/error.h"
#include "schedule_support.h"
#include "support/catch.h"

namespace interlock::schedule {
namespace {

using Losses = std::vector<int>;

// One stage of a table worked out by hand.
struct Row {
  Losses mixed, received, sent;
  bool head;
};

void check_table(const GradientRule& rule, const std::vector<Row>& table) {
  REQUIRE(rule.stages() == static_cast<int>(table.size()));
  for (int stage = 0; stage < rule.stages(); ++stage) {
    const Row& row = table[static_cast<std::size_t>(stage)];
    INFO("stage " << stage);
    CHECK(rule.losses_mixed(stage) == row.mixed);
    CHECK(rule.losses_received(stage) == row.received);
    CHECK(rule.losses_sent(stage) == row.sent);
    CHECK(rule.has_head(stage) == row.head);
    CHECK(rule.computes_loss(stage) == (row.head || rule.is_last(stage)));
  }
}

// K = 4, N = 4: plain backpropagation.
const std::vector<Row> kEndToEnd = {
    {{3}, {3}, {}, false}, {{3}, {3}, {3}, false}, {{3}, {3}, {3}, false}, {{3}, {}, {3}, false}};

TEST_CASE("local learning: every stage learns from its own loss and nothing travels") {
  check_table(make_rule(4, 1),
              {{{0}, {}, {}, true}, {{1}, {}, {}, true}, {{2}, {}, {}, true}, {{3}, {}, {}, false}});
}

TEST_CASE("pairwise, farthest: head 0 is dead") {
  check_table(make_rule(4, 2),
              {{{1}, {1}, {}, false}, {{2}, {2}, {1}, true}, {{3}, {3}, {2}, true}, {{3}, {}, {3}, false}});
}

TEST_CASE("horizon 3 of 4, farthest: heads 0 and 1 are dead") {
  check_table(
      make_rule(4, 3),
      {{{2}, {2}, {}, false}, {{3}, {2, 3}, {2}, false}, {{3}, {3}, {2, 3}, true}, {{3}, {}, {3}, false}});
}

TEST_CASE("horizon K: one loss, no head") {
  check_table(make_rule(4, 4), kEndToEnd);
}

TEST_CASE("pairwise with two stages is end-to-end") {
  const GradientRule rule = make_rule(2, 2);
  CHECK(rule.end_to_end());
  check_table(rule, {{{1}, {1}, {}, false}, {{1}, {}, {1}, false}});
}

TEST_CASE("the sum takes in every loss within reach") {
  check_table(
      make_rule(4, 2, MixKind::kSum),
      {{{0, 1}, {1}, {}, true}, {{1, 2}, {2}, {1}, true}, {{2, 3}, {3}, {2}, true}, {{3}, {}, {3}, false}});
  check_table(make_rule(4, 3, MixKind::kSum), {{{0, 1, 2}, {1, 2}, {}, true},
                                               {{1, 2, 3}, {2, 3}, {1, 2}, true},
                                               {{2, 3}, {3}, {2, 3}, true},
                                               {{3}, {}, {3}, false}});
}

TEST_CASE("own weights: a loss of weight zero is neither mixed nor computed for that stage alone") {
  // Distance 1 weighs nothing, so delta(1,0) goes nowhere; delta(3,2) only passes through stage 2 to stage 1.
  check_table(make_rule(4, 3, MixKind::kWeights, {0.5, 0, 2}), {{{0, 2}, {2}, {}, true},
                                                                {{1, 3}, {2, 3}, {2}, true},
                                                                {{2}, {3}, {2, 3}, true},
                                                                {{3}, {}, {3}, false}});
}

TEST_CASE("training all heads adds heads and changes no gradient") {
  check_table(
      make_rule(4, 3, MixKind::kFarthest, {}, true),
      {{{2}, {2}, {}, true}, {{3}, {2, 3}, {2}, true}, {{3}, {3}, {2, 3}, true}, {{3}, {}, {3}, false}});
}

TEST_CASE("horizon K builds no head, however losses would be mixed") {
  check_table(make_rule(4, 4, MixKind::kSum), kEndToEnd);
  check_table(make_rule(4, 4, MixKind::kMean), kEndToEnd);
  check_table(make_rule(4, 4, MixKind::kWeights, {1, 1, 1, 1}), kEndToEnd);
  check_table(make_rule(4, 4, MixKind::kFarthest, {}, true), kEndToEnd);
  check_table(make_rule(4, config::kHorizonAll), kEndToEnd);
}

TEST_CASE("mixed losses weigh one, one over their number, or what the user wrote by distance") {
  const GradientRule farthest = make_rule(4, 3);
  CHECK(farthest.mix_weight(2, 0) == 1);
  CHECK(farthest.mix_weight(1, 0) == 0);
  CHECK(farthest.mix_weight(3, 3) == 1);
  const GradientRule mean = make_rule(4, 3, MixKind::kMean);
  CHECK(mean.mix_weight(0, 0) == Approx(1.0 / 3));
  CHECK(mean.mix_weight(3, 1) == Approx(1.0 / 3));
  CHECK(mean.mix_weight(3, 2) == 0.5);  // two losses reach stage 2
  CHECK(mean.mix_weight(3, 3) == 1);
  const GradientRule weights = make_rule(4, 3, MixKind::kWeights, {0.5, 0, 2});
  CHECK(weights.mix_weight(0, 0) == 0.5);
  CHECK(weights.mix_weight(2, 0) == 2);
  CHECK(weights.mix_weight(3, 3) == 0.5);  // not rescaled near the end
  for (const GradientRule& rule : {farthest, mean, weights}) {
    CHECK(rule.mix_weight(3, 0) == 0);  // beyond reach
    CHECK(rule.mix_weight(0, 1) == 0);  // of a stage below
  }
}

TEST_CASE("no gradient travels more than N-1 hops, and what one stage sends the next receives") {
  for (const auto& [name, rule] : all_rules()) {
    INFO(name);
    for (int stage = 0; stage < rule.stages(); ++stage) {
      for (const int loss : rule.losses_received(stage)) {
        CHECK(loss > stage);
        CHECK(loss - stage <= rule.horizon() - 1);
      }
      CHECK(static_cast<int>(rule.losses_sent(stage).size()) <= rule.horizon() - 1);
      if (stage > 0) CHECK(rule.losses_sent(stage) == rule.losses_received(stage - 1));
    }
  }
}

TEST_CASE("a stage has every gradient it mixes or sends: its own loss's or a received one") {
  for (const auto& [name, rule] : all_rules()) {
    INFO(name);
    for (int stage = 0; stage < rule.stages(); ++stage) {
      std::vector<int> had = rule.losses_received(stage);
      if (rule.computes_loss(stage)) had.push_back(stage);
      std::vector<int> wanted = rule.losses_mixed(stage);
      const std::vector<int> sent = rule.losses_sent(stage);
      wanted.insert(wanted.end(), sent.begin(), sent.end());
      CHECK_FALSE(rule.losses_mixed(stage).empty());
      for (const int loss : wanted) CHECK(std::count(had.begin(), had.end(), loss) == 1);
    }
  }
}

TEST_CASE("frozen first stages: nothing is sent to them, and their heads are dead") {
  check_table(make_rule(4, 2, MixKind::kFarthest, {}, false, {false, false, true, true}),
              {{{}, {}, {}, false}, {{}, {}, {}, false}, {{3}, {3}, {}, false}, {{3}, {}, {3}, false}});
  check_table(make_rule(4, 4, MixKind::kFarthest, {}, false, {false, false, true, true}),
              {{{}, {}, {}, false}, {{}, {}, {}, false}, {{3}, {3}, {}, false}, {{3}, {}, {3}, false}});
  check_table(make_rule(3, 1, MixKind::kFarthest, {}, false, {false, true, true}),
              {{{}, {}, {}, false}, {{1}, {}, {}, true}, {{2}, {}, {}, false}});
}

TEST_CASE("a frozen stage between others passes on what those below need, and nothing for itself") {
  check_table(make_rule(4, 2, MixKind::kFarthest, {}, false, {true, true, false, true}),
              {{{1}, {1}, {}, false}, {{2}, {2}, {1}, true}, {{}, {}, {2}, true}, {{3}, {}, {}, false}});
  check_table(make_rule(3, 3, MixKind::kFarthest, {}, false, {true, false, false}),
              {{{2}, {2}, {}, false}, {{}, {2}, {2}, false}, {{}, {}, {2}, false}});
}

TEST_CASE("training all heads keeps the heads of frozen stages") {
  check_table(make_rule(3, 2, MixKind::kFarthest, {}, true, {false, false, true}),
              {{{}, {}, {}, true}, {{}, {}, {}, true}, {{2}, {}, {}, false}});
}

TEST_CASE("with frozen stages, what is sent is received, and used by a stage that learns") {
  for (const auto& [name, rule] : frozen_rules()) {
    INFO(name);
    bool learns_below = false;
    for (int stage = 0; stage < rule.stages(); ++stage) {
      if (stage > 0) CHECK(rule.losses_sent(stage) == rule.losses_received(stage - 1));
      CHECK(rule.losses_mixed(stage).empty() == !rule.learns(stage));
      if (!learns_below) CHECK(rule.losses_sent(stage).empty());
      learns_below = learns_below || rule.learns(stage);
      CHECK(rule.has_backward(stage) == (rule.learns(stage) || !rule.losses_sent(stage).empty()));
    }
  }
}

TEST_CASE("a horizon beyond the stages is a broken invariant") {
  CHECK_THROWS_AS(make_rule(3, 4), BrokenInvariant);
  CHECK_THROWS_AS(make_rule(3, -1), BrokenInvariant);
}

}  // namespace
}  // namespace interlock::schedule
