#pragma once
// A schedule is data: for every stage, the ordered actions of one batch. Stages run their lists independently
// and meet only through messages, which the actions imply (each kind says which), so a list is complete
// without send and receive entries. Text form: "F0 L0 I0@1 W0 U", see text.h.

#include <vector>

namespace interlock::schedule {

enum class ActionKind {
  kForward,         // F: h_k = f_k(a_k). Takes activation and targets from k-1, sends h_k and targets to k+1.
  kLocalLoss,       // L: L_k, delta(k,k) if needed, and the head's own weight gradient.
  kInputGradient,   // I: delta(l, k-1) from delta(l, k), sent to k-1 at once. Takes delta(l, k) from k+1 if l
                    // > k.
  kWeightGradient,  // W: weight gradient from the mixed delta(l, k); releases the micro-batch's activations.
  kBackward,  // B: I and W of the same loss in one pass (cheaper, but the send waits for the whole pass).
  kUpdate,    // U: one optimizer step.
};

struct Action {
  ActionKind kind = ActionKind::kUpdate;
  int micro_batch = 0;  // unused for U
  int loss = 0;         // I and B only: whose gradient
  int stacked = 1;      // I only: the gradients of losses loss .. loss + stacked - 1 in one pass

  friend bool operator==(const Action& a, const Action& b) {
    return a.kind == b.kind && a.micro_batch == b.micro_batch && a.loss == b.loss && a.stacked == b.stacked;
  }
};

using StageProgram = std::vector<Action>;    // one stage, one batch
using Schedule = std::vector<StageProgram>;  // indexed by stage

}  // namespace interlock::schedule
