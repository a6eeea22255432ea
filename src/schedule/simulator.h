#pragma once
// Event simulation of a schedule: every stage runs its program batch after batch, an action starts when the
// one before it has ended and its messages are there. Nothing is flushed between batches, as at run time.
//
//   start(action) = max(end(previous action of the stage), end(producer of each message) + link)
//
// Updates of stages that wait for each other start when the last of them can (Costs::update_peers).
//
// Exact for fixed costs; each action is computed once, so 1,024 stages with M = 64 take a fraction of a
// second.

#include <vector>

#include "schedule/costs.h"
#include "schedule/gradient_rule.h"

namespace interlock::schedule {

struct Span {
  Action action;
  int batch = 0;
  double start = 0;  // seconds
  double end = 0;
};

struct StageUse {
  double work_seconds = 0;  // a batch
  double utilisation = 0;   // work / step
  int peak_in_flight = 0;   // micro-batches whose activations are kept
  double peak_bytes = 0;    // their size; 0 where costs do not say
};

struct Simulation {
  double step_seconds = 0;   // from one update to the next, in the steady state, of the slowest stage
  double bound_seconds = 0;  // work of the busiest stage: no schedule of these actions is quicker
  std::vector<StageUse> stages;
  std::vector<std::vector<Span>> timeline;  // by stage, all simulated batches; empty unless asked for

  // Share of the step in which the busiest stage does nothing.
  [[nodiscard]] double bubble() const { return step_seconds > 0 ? 1 - bound_seconds / step_seconds : 0; }
};

struct SimulationOptions {
  bool timeline = false;
  double extra_link_seconds = 0;  // added to every link: how much does the schedule mind a slow message?
};

// REQUIRES a schedule that validate() accepts; a deadlock throws BrokenInvariant.
Simulation simulate(const GradientRule& rule, const Schedule& schedule, const Costs& costs,
                    const SimulationOptions& options = {});

}  // namespace interlock::schedule
