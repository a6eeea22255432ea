#include <algorithm>

#include "common/error.h"
#include "schedule/planner.h"
#include "schedule/program.h"
#include "schedule/validator.h"
#include "schedule_support.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::schedule {
namespace {

using Catch::Matchers::Contains;
using config::PolicyKind;

const std::vector<bool> kUpperHalf = {false, false, true, true};

std::string program_of(const Schedule& schedule, int stage) {
  return to_text(schedule[static_cast<std::size_t>(stage)]);
}

Plan planned(const GradientRule& rule, const Costs& costs, int micro_batches, PolicyKind policy) {
  PlanRequest request;
  request.micro_batches = micro_batches;
  request.policy = policy;
  return make_plan(rule, costs, request);
}

TEST_CASE("frozen first stages run forward alone, with one micro-batch in flight") {
  for (const int horizon : {1, 2, 4}) {
    const GradientRule rule = make_rule(4, horizon, MixKind::kFarthest, {}, false, kUpperHalf);
    for (const PolicyKind policy : policies_for(rule)) {
      INFO("N=" << horizon << " policy " << static_cast<int>(policy));
      const Schedule schedule = planned(rule, equal_costs(4), 3, policy).schedule;
      for (const int stage : {0, 1}) {
        CHECK(program_of(schedule, stage) == "F0 F1 F2 U");
        CHECK(peak_in_flight(schedule[static_cast<std::size_t>(stage)]) == 1);
      }
    }
  }
}

TEST_CASE("with all heads trained they run forward and their loss") {
  const GradientRule rule = make_rule(4, 2, MixKind::kFarthest, {}, true, kUpperHalf);
  const Schedule schedule = planned(rule, equal_costs(4), 2, PolicyKind::kPlanned).schedule;
  CHECK(program_of(schedule, 0) == "F0 L0 F1 L1 U");
}

TEST_CASE(
    "every policy's schedules are valid with frozen stages, also with random costs and for fewer "
    "micro-batches") {
  std::mt19937 generator(7);
  for (const auto& [name, rule] : frozen_rules()) {
    const Costs costs = random_costs(rule.stages(), generator);
    for (const PolicyKind policy : policies_for(rule)) {
      for (const int micro_batches : {1, 4}) {
        INFO(name << " M=" << micro_batches << " policy " << static_cast<int>(policy));
        Schedule schedule = planned(rule, costs, micro_batches, policy).schedule;
        CHECK_NOTHROW(validate(rule, micro_batches, schedule));
        for (StageProgram& program : schedule) program = first_micro_batches(program, 1);
        CHECK_NOTHROW(validate(rule, 1, schedule));
      }
    }
  }
}

TEST_CASE("work for weights that are frozen is refused") {
  const GradientRule rule = make_rule(2, 1, MixKind::kFarthest, {}, false, {false, true});
  const auto refusal = [&](const std::vector<std::string>& programs) {
    return test::message_of<BrokenInvariant>([&] { validate(rule, 1, parse_programs(programs)); });
  };
  CHECK_NOTHROW(validate(rule, 1, parse_programs({"F0 U", "F0 L0 W0 U"})));
  CHECK_THAT(refusal({"F0 W0 U", "F0 L0 W0 U"}), Contains("W0") && Contains("learns"));
  CHECK_THAT(refusal({"F0 L0 U", "F0 L0 W0 U"}), Contains("L0"));
  CHECK_THAT(refusal({"F0 U", "F0 L0 I0@1 W0 U"}), Contains("I0@1"));
  CHECK_THAT(refusal({"F0 U", "F0 L0 U"}), Contains("weight gradients are missing"));
}

TEST_CASE("frozen stages make no step longer") {
  for (const int horizon : {2, 4}) {
    const double all =
        planned(make_rule(4, horizon), equal_costs(4), 6, PolicyKind::kAuto).simulation.step_seconds;
    const GradientRule rule = make_rule(4, horizon, MixKind::kFarthest, {}, false, kUpperHalf);
    CHECK(planned(rule, equal_costs(4), 6, PolicyKind::kAuto).simulation.step_seconds <= all * 1.001);
  }
}

}  // namespace
}  // namespace interlock::schedule
