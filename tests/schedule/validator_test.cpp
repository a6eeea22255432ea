#include "schedule/validator.h"

#include "common/error.h"
#include "schedule/generator.h"
#include "schedule/text.h"
#include "schedule_support.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::schedule {
namespace {

using Catch::Matchers::Contains;

// Why these programs are refused.
std::string refusal(const GradientRule& rule, int micro_batches, const std::vector<std::string>& programs) {
  return test::message_of<BrokenInvariant>([&] { validate(rule, micro_batches, parse_programs(programs)); });
}

// The same for the generated schedule of K = 3, N = 2, M = 2 with one stage's program replaced:
//   stage 0   F0 F1 W0 W1 U
//   stage 1   F0 L0 I0@1 F1 L1 I1@1 W0 W1 U
//   stage 2   F0 L0 I0@2 W0 F1 L1 I1@2 W1 U
std::string refusal_with(int stage, const std::string& program) {
  const GradientRule rule = make_rule(3, 2);
  std::vector<std::string> programs;
  for (const StageProgram& generated : one_f_one_b_schedule(rule, 2)) programs.push_back(to_text(generated));
  programs.at(static_cast<std::size_t>(stage)) = program;
  return refusal(rule, 2, programs);
}

TEST_CASE("two stages that wait for each other are a deadlock, with the first waiting stage named") {
  // Stage 1 wants both forwards before the first gradient; stage 0 wants that gradient before its second
  // forward.
  CHECK_THAT(refusal(make_rule(2, 2), 2, {"F0 W0 F1 W1 U", "F0 F1 L0 B0@1 L1 B1@1 U"}),
             Contains("rank 1 (stage 0), action W0") && Contains("deadlock"));
}

TEST_CASE("a gradient that nobody sends is a deadlock of its reader") {
  CHECK_THAT(refusal_with(1, "F0 L0 F1 L1 I1@1 W0 W1 U"),
             Contains("rank 1 (stage 0), action W0") && Contains("never comes"));
}

TEST_CASE("an activation that nobody sends is a deadlock of its reader") {
  CHECK_THAT(refusal_with(0, "F0 W0 U"), Contains("rank 1 (stage 0), action U") && Contains("missing"));
  CHECK_THAT(refusal_with(1, "F0 L0 I0@1 W0"), Contains("never comes"));
}

TEST_CASE("a dead loss is refused") {
  CHECK_THAT(refusal_with(0, "F0 L0 F1 W0 W1 U"),
             Contains("rank 1 (stage 0), action L0") && Contains("dead"));
}

TEST_CASE("an action that runs twice is refused, whichever it is") {
  CHECK_THAT(refusal_with(0, "F0 F0 F1 W0 W1 U"), Contains("action F0 of micro-batch 0: runs twice"));
  CHECK_THAT(refusal_with(1, "F0 L0 L0 I0@1 F1 L1 I1@1 W0 W1 U"),
             Contains("action L0 of micro-batch 0: runs twice"));
  CHECK_THAT(refusal_with(1, "F0 L0 I0@1 I0@1 F1 L1 I1@1 W0 W1 U"),
             Contains("action I0@1 of micro-batch 0: is sent twice"));
  CHECK_THAT(refusal_with(0, "F0 F1 W0 W0 W1 U"), Contains("action W0"));
  CHECK_THAT(refusal_with(0, "F0 F1 W0 W1 U U"), Contains("comes after the update"));
}

TEST_CASE("an input gradient after its micro-batch was released is refused") {
  CHECK_THAT(refusal_with(1, "F0 L0 I0@1 F1 L1 W1 I1@1 W0 U"),
             Contains("action I1@1") && Contains("released"));
}

TEST_CASE("a forward after its micro-batch was released is refused") {
  CHECK_THAT(refusal_with(0, "F0 F1 W0 F0 W1 U"), Contains("action F0"));
}

TEST_CASE("an action before what it builds on is refused") {
  CHECK_THAT(refusal(make_rule(1, 1), 1, {"L0 F0 W0 U"}),
             Contains("action L0 of micro-batch 0: runs before its forward"));
  CHECK_THAT(refusal(make_rule(1, 1), 1, {"W0 F0 L0 U"}),
             Contains("action W0 of micro-batch 0: runs before its forward"));
  CHECK_THAT(refusal(make_rule(1, 1), 1, {"F0 W0 L0 U"}),
             Contains("action W0 of micro-batch 0: runs before its loss"));
  CHECK_THAT(refusal_with(1, "F0 I0@1 L0 F1 L1 I1@1 W0 W1 U"),
             Contains("action I0@1 of micro-batch 0: runs before its loss"));
}

TEST_CASE("a head to be trained must not be left out") {
  const GradientRule rule = make_rule(3, 2, MixKind::kFarthest, {}, true);
  CHECK_THAT(refusal(rule, 1, {"F0 W0 U", "F0 L0 I0@1 W0 U", "F0 L0 I0@2 W0 U"}),
             Contains("rank 1 (stage 0), action W0 of micro-batch 0: runs before its loss"));
}

TEST_CASE("an update before the last weight gradient, a second one or none is refused") {
  CHECK_THAT(refusal_with(0, "F0 F1 W0 U W1"), Contains("action U: weight gradients are missing"));
  CHECK_THAT(refusal_with(0, "F0 F1 W0 W1"), Contains("rank 1 (stage 0) never updates"));
  CHECK_THAT(refusal_with(0, "F0 F1 W0 W1 U F0"), Contains("comes after the update"));
}

TEST_CASE("a gradient that would travel more than N-1 hops is refused") {
  CHECK_THAT(
      refusal(make_rule(4, 2), 1, {"F0 W0 U", "F0 L0 I0@1 I0@2 W0 U", "F0 L0 I0@2 W0 U", "F0 L0 I0@3 W0 U"}),
      Contains("rank 2 (stage 1), action I0@2") && Contains("N-1 hops"));
}

TEST_CASE("the first stage has nobody to send a gradient to") {
  CHECK_THAT(refusal(make_rule(1, 1), 1, {"F0 L0 I0@0 W0 U"}), Contains("action I0@0"));
}

TEST_CASE("one pass for both gradients is refused where the weights mix other losses") {
  CHECK_THAT(refusal_with(1, "F0 L0 B0@1 F1 L1 B1@1 U"),
             Contains("action B0@1") && Contains("weights mix other losses"));
}

TEST_CASE("a micro-batch beyond the last is refused") {
  CHECK_THAT(refusal_with(0, "F0 F1 F2 W0 W1 U"),
             Contains("action F2 of micro-batch 2: no such micro-batch"));
}

TEST_CASE("forwards in another order than the stage below sends them are refused") {
  CHECK_THAT(refusal_with(1, "F1 L1 I1@1 F0 L0 I0@1 W0 W1 U"),
             Contains("rank 2 (stage 1), action F1 of micro-batch 1: forwards must run in the order"));
}

TEST_CASE("a micro-batch more in flight than the stage's own cap is refused, with the cap") {
  const GradientRule rule = make_rule(3, 2);
  const Schedule schedule = one_f_one_b_schedule(rule, 3);  // peaks: 2, 2, 1
  CHECK_NOTHROW(validate(rule, 3, schedule, {2, 2, 1}));
  const std::string message = test::message_of<BrokenInvariant>([&] {
    validate(rule, 3, schedule, {2, 1, 1});
  });
  CHECK_THAT(message, Contains("rank 2 (stage 1), action F1 of micro-batch 1") &&
                          Contains("number 2 in flight, the cap is 1"));
}

TEST_CASE("there must be one program a stage") {
  CHECK_THAT(refusal(make_rule(2, 1), 1, {"F0 L0 W0 U"}), Contains("1 programs for 2 stages"));
}

TEST_CASE("another order that is free of deadlock is accepted, with its own peak") {
  // All forwards first: correct, and all micro-batches in flight.
  const GradientRule rule = make_rule(2, 2);
  const Schedule schedule = {parse_program("F0 F1 F2 W0 W1 W2 U"),
                             parse_program("F0 F1 F2 L0 L1 L2 B2@1 B0@1 B1@1 U")};
  const ReplayResult result = validate(rule, 3, schedule);
  CHECK(result.peak_in_flight == 3);
  CHECK(result.actions == 17);
}

}  // namespace
}  // namespace interlock::schedule
