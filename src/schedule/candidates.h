#pragma once
// What a planner may choose among: for each policy, the schedules worth simulating.

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "schedule/costs.h"
#include "schedule/gradient_rule.h"

namespace interlock::schedule {

struct PlanRequest {
  int micro_batches = 1;
  config::PolicyKind policy = config::PolicyKind::kAuto;
  int in_flight = 0;            // most micro-batches in flight on any stage; 0: what the policy needs
  double memory_cap_bytes = 0;  // of stored activations on any stage; 0: none. Needs costs.stored_bytes
};

struct Candidate {
  config::PolicyKind policy;
  std::string description;
  std::function<Schedule()> make;  // making one may cost a simulation; refers to rule and costs
};

// The likeliest first. kAuto: 1F1B and zero-bubble where N = K, planned where N < K.
// Errors: as in_flight_caps(). `rule` and `costs` must outlive the result.
std::vector<Candidate> all_candidates(const GradientRule& rule, const Costs& costs,
                                      const PlanRequest& request);

// The policies that make sense for a rule: what `plan --compare` shows.
std::vector<config::PolicyKind> policies_for(const GradientRule& rule);

// Most micro-batches in flight on each stage under the request and this policy.
// Errors: UsageError where the caps leave no schedule, naming rank, action and micro-batch.
std::vector<int> in_flight_caps(const GradientRule& rule, const Costs& costs, const PlanRequest& request,
                                config::PolicyKind policy);

}  // namespace interlock::schedule
