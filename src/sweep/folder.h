#pragma once
// A sweep's folder: written before runs start, and refused where its runs were made with other settings.

#include <string>
#include <vector>

#include "sweep/plan.h"

namespace interlock::sweep {

// Makes the folders and writes the config of each of `runs`. A run that was started earlier must have the
// same config. Errors: UsageError that names the run, the key and both values; IoError.
void prepare_folder(const SweepPlan& plan, const std::vector<const SweepRun*>& runs);

// The same check alone: nothing is written.
void check_folder(const std::vector<const SweepRun*>& runs);

// The first key in which two configs (as YAML text) differ: "training.epochs is 2 and was 1"; "" where they
// are equal.
std::string first_difference(const std::string& now, const std::string& before);

}  // namespace interlock::sweep
