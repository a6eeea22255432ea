#include "schedule/costs.h"

#include "schedule_support.h"
#include "support/catch.h"

namespace interlock::schedule {
namespace {

TEST_CASE("each kind of action has its own cost") {
  const StageCosts costs{1, 2, 4, 8, 16, 32, 3};
  CHECK(costs.of({ActionKind::kForward, 0, 0}) == 1);
  CHECK(costs.of({ActionKind::kLocalLoss, 0, 0}) == 2);
  CHECK(costs.of({ActionKind::kInputGradient, 0, 0}) == 4);
  CHECK(costs.of({ActionKind::kWeightGradient, 0, 0}) == 8);
  CHECK(costs.of({ActionKind::kBackward, 0, 0}) == 16);
  CHECK(costs.of({ActionKind::kUpdate, 0, 0}) == 32);
}

TEST_CASE("stacked input gradients cost as many times the price of one in a stack") {
  const StageCosts costs{1, 2, 4, 8, 16, 32, 3};
  CHECK(costs.of(parse_program("I0@1-2").front()) == 2 * 3);
  CHECK(costs.of(parse_program("I0@1-3").front()) == 3 * 3);
  CHECK(costs.of(parse_program("I0@1-1").front()) == 4);
}

TEST_CASE("the work of a program is the sum over its actions") {
  const StageCosts costs{1, 2, 4, 8, 16, 32, 3};
  CHECK(work_seconds(costs, parse_program("F0 L0 I0@1 W0 F1 U")) == 1 + 2 + 4 + 8 + 1 + 32);
  CHECK(work_seconds(costs, parse_program("B0@1")) == 16);
  CHECK(work_seconds(costs, {}) == 0);
}

TEST_CASE("of a micro-batch half as large every action costs half, but the update as much") {
  const StageCosts costs{1, 2, 4, 8, 16, 32, 3};
  const StageCosts half = costs.scaled(0.5);
  const StageProgram program = parse_program("F0 L0 I0@1 I0@1-2 W0 B0@1 U");
  for (const Action& action : program) {
    INFO(to_text(action));
    CHECK(half.of(action) == (action.kind == ActionKind::kUpdate ? 32 : costs.of(action) / 2));
  }
}

TEST_CASE("equal costs have one entry a stage, one a link, and know no sizes") {
  const Costs costs = equal_costs(3);
  CHECK(costs.stages.size() == 3);
  CHECK(costs.link_seconds == std::vector<double>{0, 0});
  CHECK(costs.stored_bytes.empty());
  CHECK(equal_costs(1).link_seconds.empty());
}

}  // namespace
}  // namespace interlock::schedule
