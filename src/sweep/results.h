#pragma once
// The files that a sweep leaves: results.json, results.csv, results.md and best.yaml.

#include <string>
#include <vector>

#include "sweep/outcome.h"

namespace interlock::sweep {

// Writes them into the sweep's folder; an earlier best.yaml goes where there is no best run any more. Errors:
// IoError.
void write_results(const SweepPlan& plan, const std::vector<Outcome>& ranked);

// The best run's config with nothing held out: for training on everything. Starts with comments that say so,
// and that it is the best of `done` runs.
std::string best_config(const SweepPlan& plan, const Outcome& best, std::size_t done);

}  // namespace interlock::sweep
