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

void append_backward(StageProgram& program, const GradientRule& rule, int stage, int m) {
  if (rule.end_to_end()) {
    const ActionKind kind = stage == 0 ? ActionKind::kWeightGradient : ActionKind::kBackward;
    program.push_back({kind, m, stage == 0 ? 0 : rule.stages() - 1});
    return;
  }
  for (const int loss : rule.losses_sent(stage)) {
    if (loss > stage) program.push_back({ActionKind::kInputGradient, m, loss});
  }
  program.push_back({ActionKind::kWeightGradient, m, 0});
}

}  // namespace

StageProgram stage_program(const GradientRule& rule, int stage, int micro_batches) {
  const std::vector<int> received = rule.losses_received(stage);
  const int hops = received.empty() ? 0 : received.back() - stage;
  const int ahead = std::min(micro_batches, hops + 1);

  StageProgram program;
  for (int m = 0; m < ahead; ++m) append_forward(program, rule, stage, m);
  for (int m = 0; m < micro_batches; ++m) {
    append_backward(program, rule, stage, m);
    if (m + ahead < micro_batches) append_forward(program, rule, stage, m + ahead);
  }
  program.push_back({ActionKind::kUpdate, 0, 0});
  return program;
}

Schedule make_schedule(const GradientRule& rule, int micro_batches) {
  Schedule schedule;
  for (int stage = 0; stage < rule.stages(); ++stage) {
    schedule.push_back(stage_program(rule, stage, micro_batches));
  }
  return schedule;
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
