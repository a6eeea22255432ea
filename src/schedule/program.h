#pragma once
// Small facts about programs: how many micro-batches they have, and how many they keep in flight.

#include "schedule/action.h"
#include "schedule/gradient_rule.h"

namespace interlock::schedule {

// M: the number of forwards of a program (of the first stage of a schedule).
int micro_batches_of(const StageProgram& program);
int micro_batches_of(const Schedule& schedule);

// Is an action of this kind the last of its micro-batch on `stage`, which lets go of the activations? W or B;
// where no gradient comes to the stage, its loss, or the forward itself.
bool ends_micro_batch(const GradientRule& rule, int stage, ActionKind kind);

// Most micro-batches between their first and their last action at any moment: whose activations are kept.
int peak_in_flight(const StageProgram& program);

// The same schedule for a batch of fewer micro-batches (the last of an epoch): without the actions of the
// others. Leaving out micro-batches cannot make a deadlock, since no action depends on another
// micro-batch's.
StageProgram first_micro_batches(const StageProgram& program, int micro_batches);

// Input gradients of one micro-batch that follow each other, of losses that follow each other, as one action.
StageProgram stack_neighbours(const StageProgram& program);

}  // namespace interlock::schedule
