#pragma once
// Small facts about programs: how many micro-batches they have, and how many they keep in flight.

#include "schedule/action.h"

namespace interlock::schedule {

// M: the number of forwards of a program (of the first stage of a schedule).
int micro_batches_of(const StageProgram& program);
int micro_batches_of(const Schedule& schedule);

// Most micro-batches between their F and their W (or B) at any moment: whose activations are kept.
int peak_in_flight(const StageProgram& program);

// The same schedule for a batch of fewer micro-batches (the last of an epoch): without the actions of the
// others. Leaving out micro-batches cannot make a deadlock, since no action depends on another
// micro-batch's.
StageProgram first_micro_batches(const StageProgram& program, int micro_batches);

// Input gradients of one micro-batch that follow each other, of losses that follow each other, as one action.
StageProgram stack_neighbours(const StageProgram& program);

}  // namespace interlock::schedule
