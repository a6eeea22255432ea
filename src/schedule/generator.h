#pragma once
// Makes schedules. Pure functions of (rule, micro-batches).

#include "schedule/action.h"
#include "schedule/gradient_rule.h"

namespace interlock::schedule {

// 1F1B bounded by the horizon: a stage runs ahead by as many micro-batches as its farthest gradient has hops
// to come back from, then alternates one backward and one forward. With N = K that is classic 1F1B (K - k in
// flight), with N = 1 forward and backward follow each other; in general at most N micro-batches are in
// flight on any stage.
//
//   K = 3, N = 2, M = 3, farthest (head 0 is dead: its loss would be used by no stage)
//     stage 0   F0 F1 W0 F2 W1 W2 U
//     stage 1   F0 L0 I0@1 F1 L1 I1@1 W0 F2 L2 I2@1 W1 W2 U
//     stage 2   F0 L0 I0@2 W0 F1 L1 I1@2 W1 F2 L2 I2@2 W2 U
//
// Every input gradient comes before the weight gradient of its micro-batch, and a stage's own loss's right
// after the loss: a gradient is sent the moment it can exist. Only N = K uses B, where the one gradient
// serves both purposes.
StageProgram stage_program(const GradientRule& rule, int stage, int micro_batches);

Schedule make_schedule(const GradientRule& rule, int micro_batches);

// Evaluation: forward and, where there is one, the loss.
StageProgram evaluation_program(const GradientRule& rule, int stage, int micro_batches);

}  // namespace interlock::schedule
