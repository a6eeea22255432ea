#include "schedule/program.h"

#include "common/error.h"
#include "schedule/list_scheduler.h"
#include "schedule/planner.h"
#include "schedule/text.h"
#include "schedule/validator.h"
#include "schedule_support.h"
#include "support/catch.h"

namespace interlock::schedule {
namespace {

TEST_CASE("a program has as many micro-batches as forwards") {
  CHECK(micro_batches_of(parse_program("F0 F1 W0 F2 W1 W2 U")) == 3);
  CHECK(micro_batches_of(StageProgram{}) == 0);
  CHECK(micro_batches_of(Schedule{}) == 0);
  for (int m = 1; m <= 5; ++m) CHECK(micro_batches_of(one_f_one_b_schedule(make_rule(3, 2), m)) == m);
}

TEST_CASE("in flight from the forward to the weight gradient, or to the backward that holds it") {
  CHECK(peak_in_flight(parse_program("F0 L0 W0 F1 L1 W1 U")) == 1);
  CHECK(peak_in_flight(parse_program("F0 F1 W0 F2 W1 W2 U")) == 2);
  CHECK(peak_in_flight(parse_program("F0 F1 B0@3 F2 B1@3 B2@3 U")) == 2);
  CHECK(peak_in_flight(parse_program("F0 L0 I0@1 F1 L1 I1@1 F2 L2 I2@1 W0 W1 W2 U")) == 3);
  CHECK(peak_in_flight(StageProgram{}) == 0);
}

TEST_CASE("the first micro-batches of a program: their actions in the same order, and the update") {
  const StageProgram program = parse_program("F0 L0 I0@1 F1 L1 I1@1 W0 F2 L2 I2@1 W1 W2 U");
  CHECK(to_text(first_micro_batches(program, 2)) == "F0 L0 I0@1 F1 L1 I1@1 W0 W1 U");
  CHECK(to_text(first_micro_batches(program, 1)) == "F0 L0 I0@1 W0 U");
  CHECK(first_micro_batches(program, 3) == program);
}

void check_shorter(const GradientRule& rule, int micro_batches, const Schedule& schedule) {
  std::vector<int> peaks;
  for (const StageProgram& program : schedule) peaks.push_back(peak_in_flight(program));
  for (int fewer = 1; fewer <= micro_batches; ++fewer) {
    INFO(fewer << " of " << micro_batches);
    const auto shorter = each_stage(
        rule, [&](int k) { return first_micro_batches(schedule[static_cast<std::size_t>(k)], fewer); });
    CHECK_NOTHROW(validate(rule, fewer, shorter, peaks));  // and needs no more memory
  }
}

TEST_CASE("the first micro-batches of a valid schedule are a valid schedule") {
  std::mt19937 generator(5);
  const int micro_batches = 5;
  for (const auto& [name, rule] : all_rules()) {
    INFO(name);
    check_shorter(rule, micro_batches, one_f_one_b_schedule(rule, micro_batches));
    check_shorter(rule, micro_batches, gpipe_schedule(rule, micro_batches));
    if (!rule.end_to_end())
      check_shorter(rule, micro_batches, rhythm_schedule(rule, micro_batches, {3, 2, 1}));
    const std::vector<int> caps(static_cast<std::size_t>(rule.stages()), 3);
    check_shorter(rule, micro_batches,
                  list_schedule(rule, micro_batches, random_costs(rule.stages(), generator), caps,
                                Preference::kForward));
  }
}

TEST_CASE("neighbouring input gradients of one micro-batch are stacked, others are not") {
  const auto stacked = [](const char* text) { return to_text(stack_neighbours(parse_program(text))); };
  CHECK(stacked("I0@1 I0@2 I0@3 W0") == "I0@1-3 W0");
  CHECK(stacked("I0@1 I1@2") == "I0@1 I1@2");        // another micro-batch
  CHECK(stacked("I0@1 I0@3") == "I0@1 I0@3");        // a loss between them
  CHECK(stacked("I0@1 F1 I0@2") == "I0@1 F1 I0@2");  // not neighbours
  CHECK(stacked("I0@1-2 I0@3 I0@4-5") == "I0@1-5");
}

TEST_CASE("a planner stacks gradients where that makes the step shorter, and never where it does not") {
  const GradientRule rule = make_rule(6, 5, MixKind::kSum);
  for (const config::PolicyKind policy : {config::PolicyKind::kPlanned, config::PolicyKind::kGpipe}) {
    for (const double each : {0.9, 0.5, 0.1}) {
      Costs costs = equal_costs(6);
      const Plan apart = make_plan(rule, costs, {8, policy});
      for (StageCosts& stage : costs.stages) stage.stacked_input_gradient = each;
      const Plan plan = make_plan(rule, costs, {8, policy});
      const int fewer = validate(rule, 8, apart.schedule).actions - validate(rule, 8, plan.schedule).actions;
      CHECK(plan.simulation.step_seconds <= apart.simulation.step_seconds * 1.001);
      CHECK((fewer > 0) == (plan.simulation.step_seconds < apart.simulation.step_seconds * 0.999));
      if (policy == config::PolicyKind::kGpipe && each == 0.1) CHECK(fewer > 0);
    }
  }
}

TEST_CASE("a stack that reaches too far, or holds a gradient sent before, is refused") {
  const GradientRule rule = make_rule(6, 5, MixKind::kSum);
  Schedule schedule = rhythm_schedule(rule, 1, {1, 1, 0});
  for (StageProgram& program : schedule) program = stack_neighbours(program);
  validate(rule, 1, schedule);
  for (Action& action : schedule[1]) {
    if (action.stacked > 1) ++action.stacked;
  }
  CHECK_THROWS_AS(validate(rule, 1, schedule), BrokenInvariant);
}

}  // namespace
}  // namespace interlock::schedule
