#pragma once
// data.holdout: which training samples are kept back to evaluate on. Pure arithmetic, no torch.

#include <cstdint>
#include <vector>

#include "config/config.h"

namespace interlock::data {

// Numbers of samples, both ascending; together they are 0 .. samples-1 but for what data.eval_limit leaves
// out.
struct Holdout {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> eval;
};

// Holds out the fraction data.holdout of `samples` samples (rounded, at least one), drawn from
// data.holdout_seed alone, so that runs with other training seeds meet the same ones; data.eval_limit then
// keeps the first of those drawn. REQUIRES data.holdout > 0. Errors: UsageError where nothing would be left
// to train on.
Holdout draw_holdout(const config::Config& config, std::int64_t samples);

}  // namespace interlock::data
