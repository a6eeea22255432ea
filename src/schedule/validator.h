#pragma once
// Replays the programs of all stages in one process, before any rank exists.

#include "schedule/action.h"
#include "schedule/gradient_rule.h"

namespace interlock::schedule {

struct ReplayResult {
  int peak_in_flight = 0;  // most micro-batches between F and W (or B) on any one stage
  int actions = 0;
};

// Throws BrokenInvariant, naming stage and action, if the schedule deadlocks, uses a gradient that is never
// sent, leaves a message unread, sends beyond N - 1 hops, runs actions of a micro-batch out of order (F, L,
// I, W), forgets or repeats one, or updates before the last weight gradient.
ReplayResult validate(const GradientRule& rule, int micro_batches, const Schedule& schedule);

}  // namespace interlock::schedule
