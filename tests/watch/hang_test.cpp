#include "watch/hang.h"

#include "schedule/text.h"
#include "support/catch.h"
#include "watch_support.h"

namespace interlock::watch {
namespace {

using comm::Tag;
using schedule::ActionKind;

constexpr double kLimit = 10;

Limits limits() {
  Limits limits;
  limits.step = limits.silence = kLimit;
  limits.setup = 3 * kLimit;
  limits.checkpoint = 2 * kLimit;
  return limits;
}

// Two stages, N = K, two micro-batches.
Cast two_stages() {
  config::LearningConfig learning;
  learning.horizon = 2;
  Cast cast;
  cast.placement = Placement(2, {1});
  cast.schedule = {schedule::parse_program("F0 F1 W0 W1 U"),
                   schedule::parse_program("F0 L0 B0@1 F1 L1 B1@1 U")};
  cast.rule.emplace(2, learning);
  return cast;
}

std::optional<Hang> look(const std::vector<RankStatus>& ranks, double now) {
  return HangFinder().look(ranks, two_stages(), limits(), now);
}

}  // namespace

TEST_CASE("a rank that says nothing for longer than the limit stands still") {
  std::vector<RankStatus> ranks = training_ranks(3, 5, 11);
  for (RankStatus& rank : ranks) rank.activity.since = 11;
  ranks[2].heard = 0.5;
  const std::optional<Hang> hang = look(ranks, 11);
  REQUIRE(hang);
  CHECK(hang->kind == Hang::Kind::kSilent);
  CHECK(hang->rank == 2);
  ranks[2].heard = 1.5;
  CHECK_FALSE(look(ranks, 11));
  ranks[2].heard = 0;
  ranks[2].dead = true;  // a death is another matter
  CHECK_FALSE(look(ranks, 11));
}

TEST_CASE("whoever others wait for is to blame, not they") {
  std::vector<RankStatus> ranks = training_ranks(3, 5, 11);
  at(ranks[1], ActionKind::kWeightGradient, 0);
  waits_for(ranks[1], 2, Tag::gradient(1, 0));
  ranks[1].activity.since = 0.2;
  at(ranks[2], ActionKind::kLocalLoss, 0);
  ranks[2].activity.since = 0.5;
  const std::optional<Hang> hang = look(ranks, 11);
  REQUIRE(hang);
  CHECK(hang->kind == Hang::Kind::kStuck);
  CHECK(hang->rank == 2);
}

TEST_CASE("waiting for one who has moved lately is no hang") {
  std::vector<RankStatus> ranks = training_ranks(3, 5, 100);
  at(ranks[1], ActionKind::kWeightGradient, 0);
  waits_for(ranks[1], 2, Tag::gradient(1, 0));
  at(ranks[2], ActionKind::kLocalLoss, 0);
  ranks[2].activity.since = 95;
  CHECK_FALSE(look(ranks, 100));
}

TEST_CASE("each phase has its own limit") {
  std::vector<RankStatus> ranks = training_ranks(3, 5, 15);
  waits_for_orders(ranks[1]);
  ranks[2].activity.phase = Phase::kSaving;
  CHECK_FALSE(look(ranks, 15));
  ranks[2].activity.phase = Phase::kStarting;
  for (RankStatus& rank : ranks) rank.heard = 25;
  CHECK_FALSE(look(ranks, 25));
  ranks[2].activity.phase = Phase::kRestoring;
  REQUIRE(look(ranks, 25));
  CHECK(look(ranks, 25)->rank == 2);
}

TEST_CASE("a limit of zero lets a rank take any time") {
  std::vector<RankStatus> ranks = training_ranks(2, 5, 1e6);
  Limits none;
  none.silence = 0;
  ranks[0].heard = 0;
  CHECK_FALSE(HangFinder().look(ranks, Cast(), none, 1e6));
}

TEST_CASE("a checkpoint that takes too long in the background is a hang of the rank that writes it") {
  std::vector<RankStatus> ranks = training_ranks(3, 5, 30);
  for (RankStatus& rank : ranks) rank.activity.since = 30;
  ranks[1].activity.saving_step = 4;
  ranks[1].activity.saving_since = 5;
  const std::optional<Hang> hang = look(ranks, 30);
  REQUIRE(hang);
  CHECK(hang->kind == Hang::Kind::kSaving);
  CHECK(hang->rank == 1);
  ranks[1].activity.saving_since = 15;
  CHECK_FALSE(look(ranks, 30));
}

TEST_CASE("a message whose sender has gone on is lost once the limit has passed since") {
  std::vector<RankStatus> ranks = training_ranks(3, 5, 8);
  at(ranks[1], ActionKind::kWeightGradient, 0);
  waits_for(ranks[1], 2, Tag::gradient(1, 0));
  at(ranks[2], ActionKind::kForward, 1);  // beyond B0@1, which makes it
  ranks[2].activity.since = 8;
  HangFinder finder;
  const Cast cast = two_stages();
  CHECK_FALSE(finder.look(ranks, cast, limits(), 8));
  ranks[0].activity.since = ranks[2].activity.since = 17;
  for (RankStatus& rank : ranks) rank.heard = 17;
  CHECK_FALSE(finder.look(ranks, cast, limits(), 17));
  ranks[2].activity.since = 18.5;
  const std::optional<Hang> hang = finder.look(ranks, cast, limits(), 18.5);
  REQUIRE(hang);
  CHECK(hang->kind == Hang::Kind::kLost);
  CHECK(hang->rank == 2);
  CHECK(hang->waiting == 1);
}

TEST_CASE("where a sender is tells whether it has passed a message") {
  std::vector<RankStatus> ranks = training_ranks(3, 5, 0);
  const Cast cast = two_stages();
  const auto gradient_passed = [&](ActionKind kind, int micro_batch, int loss = 0) {
    at(ranks[2], kind, micro_batch, loss);
    return has_passed(ranks, cast, 2, 1);
  };
  at(ranks[1], ActionKind::kWeightGradient, 0);
  waits_for(ranks[1], 2, Tag::gradient(1, 0));
  CHECK_FALSE(gradient_passed(ActionKind::kForward, 0));
  CHECK_FALSE(gradient_passed(ActionKind::kBackward, 0, 1));  // it is making it
  CHECK(gradient_passed(ActionKind::kForward, 1));
  CHECK(gradient_passed(ActionKind::kUpdate, 0));
  waits_for(ranks[1], 2, Tag::gradient(1, 1));
  CHECK_FALSE(gradient_passed(ActionKind::kForward, 1));
  CHECK(gradient_passed(ActionKind::kUpdate, 0));

  ranks[2].activity.step = 6;
  CHECK(gradient_passed(ActionKind::kForward, 0));
  ranks[2].activity.step = 4;
  CHECK_FALSE(gradient_passed(ActionKind::kUpdate, 0));

  ranks[2].activity.step = 5;
  waits_for_orders(ranks[2]);
  CHECK(has_passed(ranks, cast, 2, 1));

  // Waiting to get rid of an activation is no waiting for a message.
  waits_for(ranks[1], 2, Tag::activation(0));
  CHECK_FALSE(has_passed(ranks, cast, 2, 1));
}

TEST_CASE("ranks that wait for each other hang, once each has for longer than its limit") {
  std::vector<RankStatus> ranks = training_ranks(3, 5, 11);
  at(ranks[1], ActionKind::kWeightGradient, 1);
  waits_for(ranks[1], 2, Tag::gradient(1, 1));
  at(ranks[2], ActionKind::kForward, 1);
  waits_for(ranks[2], 1, Tag::activation(1));
  ranks[2].activity.since = 5;
  CHECK_FALSE(look(ranks, 11));
  for (RankStatus& rank : ranks) rank.heard = 16;
  const std::optional<Hang> hang = look(ranks, 16);
  REQUIRE(hang);  // rank 1 has sent activation 1: that message is lost
  CHECK(hang->kind == Hang::Kind::kLost);
  CHECK(hang->rank == 1);
  CHECK(hang->waiting == 2);
  const std::optional<Hang> unknown = HangFinder().look(ranks, Cast(), limits(), 16);
  REQUIRE(unknown);
  CHECK(unknown->kind == Hang::Kind::kCircle);
}

TEST_CASE("a coordinator that does not come back is to blame for workers without orders") {
  std::vector<RankStatus> ranks = training_ranks(3, 5, 11);
  waits_for_orders(ranks[1]);
  waits_for_orders(ranks[2]);
  ranks[0].activity.peer = ranks[0].activity.tag = kNothing;
  ranks[0].activity.since = 0;
  const std::optional<Hang> hang = look(ranks, 11);
  REQUIRE(hang);
  CHECK(hang->kind == Hang::Kind::kStuck);
  CHECK(hang->rank == 0);
}

TEST_CASE("workers without orders are no hang while one of them works or saves") {
  std::vector<RankStatus> ranks = training_ranks(3, 5, 11);
  waits_for_orders(ranks[1]);
  ranks[2].activity.since = 10;
  CHECK_FALSE(look(ranks, 11));
  waits_for_orders(ranks[2]);
  ranks[2].activity.since = 0;
  ranks[2].activity.saving_step = 5;
  ranks[2].activity.saving_since = 0;
  CHECK_FALSE(look(ranks, 11));
  ranks[2].activity.saving_step = kNothing;
  REQUIRE(look(ranks, 11));
  CHECK(look(ranks, 11)->kind == Hang::Kind::kCircle);
}

}  // namespace interlock::watch
