#pragma once
// The schedules that can be written down without knowing costs. Pure functions of (rule, micro-batches). In
// all of them every input gradient comes before the weight gradient of its micro-batch, and a stage's own
// loss's right after the loss. `in_flight` bounds the micro-batches in flight on the stage.

#include "schedule/action.h"
#include "schedule/gradient_rule.h"

namespace interlock::schedule {

// All forwards, then all backwards. Keeps all micro-batches in flight.
StageProgram gpipe_program(const GradientRule& rule, int stage, int micro_batches);

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
// Only N = K uses B, where the one gradient serves both purposes. For its last `split` micro-batches I and W
// stand in its place: more work, but the gradient leaves sooner, and the stage has nothing else to do by
// then.
StageProgram one_f_one_b_program(const GradientRule& rule, int stage, int micro_batches, int in_flight,
                                 int split = 0);

// For bounded horizons: the same rhythm on every stage, so that no stage sets the pace by waiting. In slot j
// a stage does F_j, L_j and its own input gradient, passes on the gradients of farther losses of an earlier
// micro-batch, and takes the weight gradient of micro-batch j - lag.
//
//   lag = 2, N = 2:   F0 L0 I0@k | F1 L1 I1@k | F2 L2 I2@k W0 | F3 L3 I3@k W1 | W2 | W3 U
struct Rhythm {
  int lag = 1;             // slots between F and W of a micro-batch; at most in_flight - 1
  int gradient_delay = 1;  // slots between F and passing on the gradient of the next loss ...
  int hops_a_slot = 0;     // ... and of how many losses farther on in each later slot; 0: all in the same
};
StageProgram rhythm_program(const GradientRule& rule, int stage, int micro_batches, const Rhythm& rhythm);

// Evaluation: forward and, where there is one, the loss.
StageProgram evaluation_program(const GradientRule& rule, int stage, int micro_batches);

}  // namespace interlock::schedule
