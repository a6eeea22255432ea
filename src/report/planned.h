#pragma once
// The schedule that a run was trained with, simulated: without LibTorch, from what lies in the run's folder.

#include <string>

#include "report/run.h"
#include "schedule/simulator.h"

namespace interlock::report {

struct Planned {
  schedule::Simulation simulation;  // with its timeline
  std::string description;          // of the schedule: "as it was trained", "planned: one rhythm, ..."
  std::string costs;                // what its actions are taken to cost, in words
  bool known_times = false;         // else costs are multiples of a forward
  std::string problem;              // why there is none; "" where there is
};

// The schedule is the recorded one where the run was traced (trace/run.json), else made again from its
// config. Costs: those the plan was made with, else measured by the trace, else all stages alike. Throws
// nothing: what goes wrong is the result's problem.
Planned planned_schedule(const Run& run);

}  // namespace interlock::report
