#pragma once
// partition.balance: auto. Cuts where the busiest stage has the least work, by measured costs, counting the
// head each stage would get and the input gradients it would compute for the stages below.

#include <vector>

#include "schedule/gradient_rule.h"
#include "training/profile.h"

namespace interlock::training {

// Seconds of one micro-batch on stage `stage` if it had these costs.
double micro_batch_seconds(const schedule::GradientRule& rule, int stage, const schedule::StageCosts& costs);

// Layers a stage. Only cuts after layers that the head fits (where a stage needs one).
// Errors: UsageError where there is no such cut.
std::vector<int> balanced_cut(const Profile& profile, const schedule::GradientRule& rule);

}  // namespace interlock::training
