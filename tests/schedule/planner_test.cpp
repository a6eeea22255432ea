#include "schedule/planner.h"

#include <algorithm>

#include "schedule/list_scheduler.h"
#include "schedule/validator.h"
#include "schedule_support.h"
#include "support/catch.h"

namespace interlock::schedule {
namespace {

using config::PolicyKind;

double step(const GradientRule& rule, const Costs& costs, int micro_batches, PolicyKind policy) {
  return make_plan(rule, costs, {micro_batches, policy}).simulation.step_seconds;
}

TEST_CASE("every plan of every policy replays within its caps, and costs what its simulation says") {
  std::mt19937 generator(6);
  for (const int stages : {1, 2, 3, 4, 5, 6, 7, 8, 16}) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      const GradientRule rule = make_rule(stages, horizon);
      std::vector<PolicyKind> policies = policies_for(rule);
      policies.push_back(PolicyKind::kAuto);
      for (int micro_batches = 1; micro_batches <= 8; ++micro_batches) {
        const Costs costs = random_costs(stages, generator);
        for (const PolicyKind policy : policies) {
          INFO("K=" << stages << " N=" << horizon << " M=" << micro_batches << " policy "
                    << static_cast<int>(policy));
          const PlanRequest request{micro_batches, policy};
          const Plan plan = make_plan(rule, costs, request);
          REQUIRE(plan.policy != PolicyKind::kAuto);
          if (policy != PolicyKind::kAuto) CHECK(plan.policy == policy);
          const std::vector<int> caps = in_flight_caps(rule, costs, request, plan.policy);
          CHECK_NOTHROW(validate(rule, micro_batches, plan.schedule, caps));
          CHECK(plan.simulation.step_seconds == simulate(rule, plan.schedule, costs).step_seconds);
        }
      }
    }
  }
}

TEST_CASE("every way of mixing losses is planned for") {
  std::mt19937 generator(7);
  for (const auto& [name, rule] : all_rules()) {
    INFO(name);
    const Plan plan = make_plan(rule, random_costs(rule.stages(), generator), {4});
    CHECK_NOTHROW(validate(rule, 4, plan.schedule));
  }
}

TEST_CASE("a bounded horizon with N+1 micro-batches or more has no bubble at any depth, N+1 in flight") {
  for (const int stages : {4, 8, 16, 32}) {
    for (const int horizon : {1, 2, 3, 4, 6}) {
      if (horizon >= stages) continue;
      for (const int more : {1, 2, 5}) {
        INFO("K=" << stages << " N=" << horizon << " M=" << horizon + more);
        const Plan plan = make_plan(make_rule(stages, horizon), equal_costs(stages), {horizon + more});
        CHECK(plan.policy == PolicyKind::kPlanned);
        CHECK(plan.simulation.bubble() < 1e-6);
        for (const StageUse& use : plan.simulation.stages) CHECK(use.peak_in_flight <= horizon + 1);
      }
    }
  }
}

TEST_CASE("a plan has slack: messages that come late by half an action cost no step") {
  for (const int stages : {4, 8, 16, 32}) {
    for (const int horizon : {1, 2, 3}) {
      const GradientRule rule = make_rule(stages, horizon);
      const Costs costs = equal_costs(stages);
      const Plan plan = make_plan(rule, costs, {horizon + 2});
      INFO("K=" << stages << " N=" << horizon << " " << plan.description);
      CHECK(simulate(rule, plan.schedule, costs, {false, 0.5}).bubble() < 1e-6);
    }
  }
}

TEST_CASE("a head's time does not bring the bubble back") {
  for (const int stages : {4, 8, 16, 32}) {
    Costs costs = equal_costs(stages);
    for (StageCosts& stage : costs.stages) stage.loss = 0.1;
    for (const int horizon : {2, 3}) {
      INFO("K=" << stages << " N=" << horizon);
      CHECK(make_plan(make_rule(stages, horizon), costs, {horizon + 2}).simulation.bubble() < 1e-6);
    }
  }
}

TEST_CASE("end to end, auto is never slower than 1F1B") {
  std::mt19937 generator(8);
  for (const int stages : {1, 2, 3, 4, 6, 8, 16}) {
    const GradientRule rule = make_rule(stages, stages);
    for (int round = 0; round < 100; ++round) {
      const int micro_batches = 1 + static_cast<int>(generator() % 8);
      Costs costs = random_costs(stages, generator);
      if (round % 2 == 1) costs.stages.assign(costs.stages.size(), costs.stages.front());  // a near thing
      INFO("K=" << stages << " M=" << micro_batches << " round " << round);
      // Less than a thousandth is no difference to the planner.
      CHECK(step(rule, costs, micro_batches, PolicyKind::kAuto) <=
            1.001 * step(rule, costs, micro_batches, PolicyKind::kOneForwardOneBackward));
    }
  }
}

TEST_CASE("end to end, auto takes 1F1B where a pass for both gradients is cheap, zero-bubble where not") {
  const GradientRule rule = make_rule(4, 4);
  Costs costs = equal_costs(4);
  for (StageCosts& stage : costs.stages) stage = {1, 0, 1, 1, 2, 0};
  CHECK(make_plan(rule, costs, {4}).policy == PolicyKind::kZeroBubble);
  for (StageCosts& stage : costs.stages) stage = {1, 0, 2, 2, 2, 0};
  CHECK(make_plan(rule, costs, {4}).policy == PolicyKind::kOneForwardOneBackward);
}

TEST_CASE("zero-bubble has less bubble than 1F1B, for weight gradients fill the gaps") {
  for (const int stages : {2, 4, 8, 16}) {
    const GradientRule rule = make_rule(stages, stages);
    Costs costs = equal_costs(stages);
    for (StageCosts& stage : costs.stages) stage = {1, 0, 1, 1, 2, 0};
    for (const int micro_batches : {2, 4, 8, 16}) {
      INFO("K=" << stages << " M=" << micro_batches);
      const Plan zero = make_plan(rule, costs, {micro_batches, PolicyKind::kZeroBubble});
      const Plan one = make_plan(rule, costs, {micro_batches, PolicyKind::kOneForwardOneBackward});
      CHECK(zero.simulation.bubble() < one.simulation.bubble());
      CHECK(zero.simulation.step_seconds < one.simulation.step_seconds);
    }
  }
}

TEST_CASE("a bounded horizon's plan is never slower than 1F1B or GPipe of the same horizon") {
  std::mt19937 generator(9);
  for (const int stages : {2, 4, 8}) {
    for (int horizon = 1; horizon < stages; ++horizon) {
      const GradientRule rule = make_rule(stages, horizon);
      const int micro_batches = 1 + static_cast<int>(generator() % 8);
      const Costs costs = random_costs(stages, generator);
      INFO("K=" << stages << " N=" << horizon << " M=" << micro_batches);
      const double planned = step(rule, costs, micro_batches, PolicyKind::kPlanned);
      CHECK(planned <= 1.001 * step(rule, costs, micro_batches, PolicyKind::kOneForwardOneBackward));
      CHECK(planned <= 1.001 * step(rule, costs, micro_batches, PolicyKind::kGpipe));
    }
  }
}

// The step where every message comes a tenth of a mean action late, which is what the planner asks for too.
double slow_step(const GradientRule& rule, const Schedule& schedule, const Costs& costs) {
  double sum = 0;
  for (const StageCosts& stage : costs.stages) sum += stage.forward + stage.weight_gradient;
  const double late = 0.1 * sum / static_cast<double>(2 * costs.stages.size());
  return simulate(rule, schedule, costs, {false, late}).step_seconds;
}

TEST_CASE("of schedules that are as quick, the one that minds slow messages least is taken") {
  std::mt19937 generator(12);
  int equals = 0;
  for (int round = 0; round < 60; ++round) {
    const int stages = 3 + static_cast<int>(generator() % 6);
    const int horizon = 2 + static_cast<int>(generator() % static_cast<unsigned>(stages - 2));
    const GradientRule rule = make_rule(stages, horizon);
    const Costs costs = round % 2 == 0 ? equal_costs(stages) : random_costs(stages, generator);
    const PlanRequest request{horizon + 2, PolicyKind::kPlanned};
    const Plan plan = make_plan(rule, costs, request);
    const std::vector<int> caps = in_flight_caps(rule, costs, request, PolicyKind::kPlanned);
    for (const Preference preference : {Preference::kForward, Preference::kGradient, Preference::kWeight}) {
      INFO("round " << round << " K=" << stages << " N=" << horizon << " preference "
                    << static_cast<int>(preference));
      const Schedule other = list_schedule(rule, request.micro_batches, costs, caps, preference);
      if (simulate(rule, other, costs).step_seconds > plan.simulation.step_seconds) continue;
      ++equals;
      CHECK(slow_step(rule, plan.schedule, costs) <= 1.003 * slow_step(rule, other, costs));
    }
  }
  CHECK(equals > 20);
}

TEST_CASE("where stages are alike N micro-batches in flight are enough, and no more are taken") {
  for (const int stages : {4, 8, 16}) {
    for (const int horizon : {1, 2, 3}) {
      const Plan plan = make_plan(make_rule(stages, horizon), equal_costs(stages), {horizon + 2});
      int most = 0;
      for (const StageUse& use : plan.simulation.stages) most = std::max(most, use.peak_in_flight);
      CHECK(most == horizon);
    }
  }
}

TEST_CASE("a plan says which policy it is and how it was made") {
  const std::string planned = make_plan(make_rule(4, 2), equal_costs(4), {4}).description;
  CHECK_THAT(planned, Catch::Matchers::StartsWith("planned: "));
  CHECK(planned.size() > std::string("planned: ").size());
  CHECK_THAT(make_plan(make_rule(4, 4), equal_costs(4), {4, PolicyKind::kOneForwardOneBackward}).description,
             Catch::Matchers::StartsWith("1f1b: "));
}

}  // namespace
}  // namespace interlock::schedule
