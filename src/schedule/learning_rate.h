#pragma once
// The learning rate of a step: a pure function, so every rank computes the same one and nothing needs to be
// restored on resume.

#include <cstdint>

#include "config/config.h"

namespace interlock::schedule {

// `step` counts optimizer steps from 1; an epoch has `steps_per_epoch`, the run `total_steps`.
//   constant      lr
//   multistep     lr x gamma for every milestone epoch (counted from 1) that has begun
//   cosine        after the warm-up, down from lr towards the minimum (which step total_steps + 1 would have,
//                 so that a run of one step trains at lr)
//   inverse_sqrt  the paper's: lr x min(step^-1/2, step x warmup^-3/2)
// For all but inverse_sqrt a warm-up multiplies the rate by step / warmup_steps at first.
double learning_rate(const config::OptimizerConfig& optimizer, std::int64_t step,
                     std::int64_t steps_per_epoch, std::int64_t total_steps);

}  // namespace interlock::schedule
