#include "schedule/generator.h"

#include <algorithm>

namespace interlock::schedule {
namespace {

void append_forward(StageProgram& program, const GradientRule& rule, int stage, int m) {
  program.push_back({ActionKind::kForward, m, 0});
  if (!rule.computes_loss(stage)) return;
  program.push_back({ActionKind::kLocalLoss, m, 0});
  const std::vector<int> sent = rule.losses_sent(stage);
  if (!rule.end_to_end() && !sent.empty() && sent.front() == stage) {
    program.push_back({ActionKind::kInputGradient, m, stage});
  }
}

void append_backward(StageProgram& program, const GradientRule& rule, int stage, int m, bool fused) {
  if (!rule.has_backward(stage)) return;
  const std::vector<int>& sent = rule.losses_sent(stage);
  if (rule.end_to_end() && fused && !sent.empty()) {
    program.push_back({ActionKind::kBackward, m, rule.stages() - 1});
    return;
  }
  for (const int loss : sent) {
    if (loss > stage || rule.end_to_end()) program.push_back({ActionKind::kInputGradient, m, loss});
  }
  program.push_back({ActionKind::kWeightGradient, m, 0});
}

StageProgram alternate(const GradientRule& rule, int stage, int micro_batches, int ahead, int split) {
  StageProgram program;
  for (int m = 0; m < ahead; ++m) append_forward(program, rule, stage, m);
  for (int m = 0; m < micro_batches; ++m) {
    append_backward(program, rule, stage, m, m < micro_batches - split);
    if (m + ahead < micro_batches) append_forward(program, rule, stage, m + ahead);
  }
  program.push_back({ActionKind::kUpdate, 0, 0});
  return program;
}

}  // namespace

StageProgram gpipe_program(const GradientRule& rule, int stage, int micro_batches) {
  return alternate(rule, stage, micro_batches, micro_batches, 0);
}

StageProgram one_f_one_b_program(const GradientRule& rule, int stage, int micro_batches, int in_flight,
                                 int split) {
  // At least as far ahead as every stage above, which else would wait for a forward that waits for its
  // gradient: a frozen stage below receives less than they do.
  int hops = 0;
  for (int k = stage; k < rule.stages() && hops < rule.horizon() - 1; ++k) {
    if (!rule.losses_received(k).empty()) hops = std::max(hops, rule.losses_received(k).back() - k);
  }
  return alternate(rule, stage, micro_batches, std::min({micro_batches, hops + 1, in_flight}), split);
}

StageProgram rhythm_program(const GradientRule& rule, int stage, int micro_batches, const Rhythm& rhythm) {
  StageProgram program;
  for (int slot = 0; slot < micro_batches + rhythm.lag; ++slot) {
    if (slot < micro_batches) append_forward(program, rule, stage, slot);
    for (const int loss : rule.losses_sent(stage)) {
      const int hops = loss - stage;
      if (hops == 0) continue;  // came right after its loss
      const int later = rhythm.hops_a_slot == 0 ? 0 : (hops - 1) / rhythm.hops_a_slot;
      const int m = slot - std::min(rhythm.lag, rhythm.gradient_delay + later);
      if (0 <= m && m < micro_batches) program.push_back({ActionKind::kInputGradient, m, loss});
    }
    const int m = slot - rhythm.lag;
    if (m >= 0 && rule.has_backward(stage)) program.push_back({ActionKind::kWeightGradient, m, 0});
  }
  program.push_back({ActionKind::kUpdate, 0, 0});
  return program;
}

StageProgram evaluation_program(const GradientRule& rule, int stage, int micro_batches) {
  StageProgram program;
  for (int m = 0; m < micro_batches; ++m) {
    program.push_back({ActionKind::kForward, m, 0});
    if (rule.computes_loss(stage)) program.push_back({ActionKind::kLocalLoss, m, 0});
  }
  return program;
}

}  // namespace interlock::schedule
