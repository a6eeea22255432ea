#pragma once
// A schedule by trying it out: simulates all stages, each taking at every moment the best of the actions that
// are ready, over enough batches for the pattern to settle, and writes down the order of the last one. What
// is greedy here is fixed at run time.

#include <vector>

#include "schedule/costs.h"
#include "schedule/gradient_rule.h"

namespace interlock::schedule {

// Which kind of ready action goes first. Losses come before the gradients they make.
enum class Preference {
  kForward,   // F, L, I, W: keep the stages after this one busy
  kGradient,  // L, I, F, W: keep the stages before this one busy; W fills the gaps (zero-bubble)
  kWeight,    // L, I, W, F: let go of activations as soon as possible
};

// `in_flight[k]`: most micro-batches in flight on stage k, at least 1. Input and weight gradients are
// separate actions.
Schedule list_schedule(const GradientRule& rule, int micro_batches, const Costs& costs,
                       const std::vector<int>& in_flight, Preference preference);

}  // namespace interlock::schedule
