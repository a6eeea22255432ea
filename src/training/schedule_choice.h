#pragma once
// From a run's plan to its schedule: what the actions cost, as far as it is known, and which order follows.

#include "schedule/planner.h"
#include "training/run_plan.h"

namespace interlock::training {

// Milliseconds as the config has them, as seconds for each stage. One number for the losses means that the
// last stage's, which has no head, is free.
std::vector<schedule::StageCosts> action_costs(const config::ActionTimes& times, int stages);

// Stages that learn copies of the tied matrix; one or none: nobody waits for it.
std::vector<int> tied_stages(const RunPlan& plan);

struct KnownCosts {
  schedule::Costs costs;
  bool assumed = false;  // nobody knows: all stages alike
  std::string
      source;  // "measured: profile.json", "schedule.costs", "run.simulated", "assumed: all stages alike"
};
// In this order: schedule.costs, run.simulated (where the device is simulated), else all stages alike.
// Errors: UsageError for a profile that does not fit, DataError where it is damaged.
KnownCosts known_costs(const RunPlan& plan);

schedule::PlanRequest plan_request(const config::Config& config);

// The schedule of schedule.file, or the planner's. Reads files: call it on one rank and share the result.
// `costs`: of known_costs(plan). Errors: UsageError.
schedule::Plan choose_schedule(const RunPlan& plan, const schedule::Costs& costs);
// Where nobody else asks for the costs. Errors: also those of known_costs().
schedule::Plan choose_schedule(const RunPlan& plan);

}  // namespace interlock::training
