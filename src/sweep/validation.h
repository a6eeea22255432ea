#pragma once
// What a sweep compares its runs on. Choosing settings by the test set would make its figure worthless, so
// the data set's own evaluation files are never used.

#include <string>
#include <vector>

#include "config/config.h"
#include "sweep/grid.h"

namespace interlock::sweep {

struct Validation {
  std::vector<std::string> overrides;  // that make a run evaluate on the right samples
  std::string text;                    // for people: "10 % of the training samples, held out"
};

// For a run whose config is `config` as the user wrote it. In this order: grid.holdout where the grid has one
// (an eval_path then stays closed too), the config's own data.holdout, its data.eval_path, and
// kDefaultHoldout. Errors: UsageError where all of them leave nothing but the evaluation files.
Validation choose_validation(const Grid& grid, const config::Config& config);

// Overrides that turn a run's config into the one for training on everything, with evaluation as the user set
// it up.
std::vector<std::string> final_training(const config::Config& as_written);

}  // namespace interlock::sweep
