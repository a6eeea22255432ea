#pragma once
// From a policy to a schedule: tries what the policy allows, simulates each and keeps the quickest.

#include <string>
#include <vector>

#include "schedule/candidates.h"
#include "schedule/simulator.h"

namespace interlock::schedule {

struct Plan {
  config::PolicyKind policy = config::PolicyKind::kAuto;  // never kAuto
  std::string description;                                // "planned: forward first, at most 3 in flight"
  Schedule schedule;
  Simulation simulation;
};

// The schedule of the least step time; of equals, the one that minds slow messages least, then the one with
// the fewest micro-batches in flight. kAuto: 1F1B or zero-bubble where N = K, planned where N < K.
// Errors: UsageError where the caps leave no schedule, naming rank, action and micro-batch.
Plan make_plan(const GradientRule& rule, const Costs& costs, const PlanRequest& request);

}  // namespace interlock::schedule
