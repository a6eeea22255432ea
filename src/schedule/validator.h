#pragma once
// Replays the programs of all stages in one process, before any rank exists.

#include "schedule/action.h"
#include "schedule/gradient_rule.h"

namespace interlock::schedule {

struct ReplayResult {
  int peak_in_flight = 0;  // most micro-batches between F and W (or B) on any one stage
  int actions = 0;
};

// Throws BrokenInvariant, naming rank, stage, action and micro-batch, if the schedule deadlocks, uses a
// gradient that is never sent, leaves a message unread, sends beyond N - 1 hops, runs actions of a
// micro-batch out of order (F, L, I, W), runs forwards in another order than the stage below sends them,
// forgets or repeats an action, updates before the last weight gradient, or keeps more micro-batches in
// flight on stage k than `in_flight[k]` (empty: no cap).
ReplayResult validate(const GradientRule& rule, int micro_batches, const Schedule& schedule,
                      const std::vector<int>& in_flight = {});

}  // namespace interlock::schedule
