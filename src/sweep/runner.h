#pragma once
// Carries out a sweep's runs, or some of them.

#include <vector>

#include "sweep/launch.h"
#include "sweep/plan.h"

namespace interlock::sweep {

// Those of `runs` that are not done are started or gone on with, as many at a time as the grid says; standard
// output gets a line for each start and end. A run that fails does not stop the others. Returns false where a
// signal stopped it. What became of each run: find_outcome(). Errors: as prepare_folder(); IoError.
bool carry_out(const SweepPlan& plan, const std::vector<const SweepRun*>& runs, const Launcher& launcher);

}  // namespace interlock::sweep
