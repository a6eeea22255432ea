#include <algorithm>

#include "common/error.h"
#include "schedule/planner.h"
#include "schedule/validator.h"
#include "schedule_support.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::schedule {
namespace {

using Catch::Matchers::Contains;
using config::PolicyKind;

constexpr double kMebibyte = 1 << 20;

std::vector<PolicyKind> capped_policies(const GradientRule& rule) {
  std::vector<PolicyKind> policies = policies_for(rule);
  policies.push_back(PolicyKind::kAuto);
  policies.erase(std::remove(policies.begin(), policies.end(), PolicyKind::kGpipe), policies.end());
  return policies;
}

std::string refusal(const GradientRule& rule, const Costs& costs, const PlanRequest& request) {
  return test::message_of<UsageError>([&] { make_plan(rule, costs, request); });
}

TEST_CASE("the user's in_flight is honoured on every stage by every policy") {
  std::mt19937 generator(10);
  for (const int stages : {2, 3, 5, 8}) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      const GradientRule rule = make_rule(stages, horizon);
      for (const PolicyKind policy : capped_policies(rule)) {
        for (int cap = 1; cap <= 4; ++cap) {
          INFO("K=" << stages << " N=" << horizon << " cap " << cap << " policy "
                    << static_cast<int>(policy));
          const Plan plan = make_plan(rule, random_costs(stages, generator), {6, policy, cap});
          const std::vector<int> caps(static_cast<std::size_t>(stages), cap);
          CHECK_NOTHROW(validate(rule, 6, plan.schedule, caps));
        }
      }
    }
  }
}

TEST_CASE("a memory cap is honoured on every stage, each with micro-batches of its own size") {
  std::mt19937 generator(11);
  for (const int stages : {2, 3, 4, 5, 8}) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      const GradientRule rule = make_rule(stages, horizon);
      for (const PolicyKind policy : capped_policies(rule)) {
        for (const double cap : {4.0, 6.0, 9.0, 13.0}) {  // a micro-batch keeps 1 to 4
          INFO("K=" << stages << " N=" << horizon << " cap " << cap << " policy "
                    << static_cast<int>(policy));
          const Costs costs = random_costs(stages, generator);
          Plan plan;
          REQUIRE_NOTHROW(plan = make_plan(rule, costs, {6, policy, 0, cap}));
          CHECK_NOTHROW(validate(rule, 6, plan.schedule));
          for (const StageUse& use : plan.simulation.stages) CHECK(use.peak_bytes <= cap);
        }
      }
    }
  }
}

TEST_CASE("the stricter of in_flight, the memory cap and the policy's own number holds") {
  const GradientRule rule = make_rule(4, 2);
  Costs costs = equal_costs(4);
  costs.stored_bytes = {1, 2, 4, 8};
  using Caps = std::vector<int>;
  const auto caps = [&](const PlanRequest& request) {
    return in_flight_caps(rule, costs, request, request.policy);
  };
  CHECK(caps({8, PolicyKind::kPlanned}) == Caps{3, 3, 3, 3});  // N + 1
  CHECK(caps({2, PolicyKind::kPlanned}) == Caps{2, 2, 2, 2});  // no more than there are
  CHECK(caps({8, PolicyKind::kPlanned, 2}) == Caps{2, 2, 2, 2});
  CHECK(caps({8, PolicyKind::kOneForwardOneBackward, 0, 17}) == Caps{8, 8, 4, 2});
  CHECK(caps({8, PolicyKind::kOneForwardOneBackward, 3, 17}) == Caps{3, 3, 3, 2});
  CHECK(caps({8, PolicyKind::kGpipe}) == Caps{8, 8, 8, 8});
}

TEST_CASE("a memory cap is ignored where sizes are not known") {
  CHECK_NOTHROW(make_plan(make_rule(3, 2), equal_costs(3), {4, PolicyKind::kAuto, 0, 1}));
}

TEST_CASE("a memory cap that not even one micro-batch fits is refused, naming rank, F0 and micro-batch") {
  Costs costs = equal_costs(3);
  costs.stored_bytes = {1 * kMebibyte, 2 * kMebibyte, 5 * kMebibyte};
  for (const int horizon : {1, 2, 3}) {
    const GradientRule rule = make_rule(3, horizon);
    for (const PolicyKind policy : capped_policies(rule)) {
      CHECK_THAT(refusal(rule, costs, {4, policy, 1, 4.5 * kMebibyte}),
                 Contains("schedule.memory_cap_mib") && Contains("rank 3 (stage 2)") && Contains("F0") &&
                     Contains("micro-batch 0") && Contains("5.0 MiB") && Contains("4.5"));
    }
  }
}

TEST_CASE("GPipe is refused where it would keep more in flight than the caps, naming the forward") {
  const GradientRule rule = make_rule(3, 3);
  CHECK_THAT(refusal(rule, equal_costs(3), {4, PolicyKind::kGpipe, 3}),
             Contains("gpipe") && Contains("rank 1 (stage 0)") && Contains("F3 of micro-batch 3"));
  Costs costs = equal_costs(3);
  costs.stored_bytes = {1, 4, 1};
  CHECK_THAT(refusal(rule, costs, {4, PolicyKind::kGpipe, 0, 10}),
             Contains("gpipe") && Contains("rank 2 (stage 1)") && Contains("F2 of micro-batch 2"));
  CHECK_NOTHROW(make_plan(rule, costs, {4, PolicyKind::kGpipe, 4, 16}));
}

TEST_CASE("less memory is never quicker") {
  const GradientRule rule = make_rule(8, 2);
  Costs costs = equal_costs(8);
  costs.stored_bytes.assign(8, 1.0);
  double last = 0;
  for (const double cap : {8.0, 3.0, 2.0, 1.0}) {
    const double step = make_plan(rule, costs, {6, PolicyKind::kAuto, 0, cap}).simulation.step_seconds;
    CHECK(step >= last);
    last = step;
  }
  CHECK(last > make_plan(rule, costs, {6}).simulation.step_seconds);
}

}  // namespace
}  // namespace interlock::schedule
