#include "schedule/program.h"

#include <algorithm>

namespace interlock::schedule {

int micro_batches_of(const StageProgram& program) {
  return static_cast<int>(std::count_if(program.begin(), program.end(), [](const Action& action) {
    return action.kind == ActionKind::kForward;
  }));
}

int micro_batches_of(const Schedule& schedule) {
  return schedule.empty() ? 0 : micro_batches_of(schedule.front());
}

bool ends_micro_batch(const GradientRule& rule, int stage, ActionKind kind) {
  if (rule.has_backward(stage)) return kind == ActionKind::kWeightGradient || kind == ActionKind::kBackward;
  return kind == (rule.computes_loss(stage) ? ActionKind::kLocalLoss : ActionKind::kForward);
}

int peak_in_flight(const StageProgram& program) {
  std::vector<int> left(static_cast<std::size_t>(micro_batches_of(program)));  // actions of each to come
  for (const Action& action : program) {
    if (action.kind != ActionKind::kUpdate) ++left[static_cast<std::size_t>(action.micro_batch)];
  }
  int now = 0;
  int peak = 0;
  for (const Action& action : program) {
    if (action.kind == ActionKind::kForward) peak = std::max(peak, ++now);
    if (action.kind != ActionKind::kUpdate && --left[static_cast<std::size_t>(action.micro_batch)] == 0)
      --now;
  }
  return peak;
}

StageProgram first_micro_batches(const StageProgram& program, int micro_batches) {
  StageProgram kept;
  for (const Action& action : program) {
    if (action.kind == ActionKind::kUpdate || action.micro_batch < micro_batches) kept.push_back(action);
  }
  return kept;
}

StageProgram stack_neighbours(const StageProgram& program) {
  StageProgram stacked;
  for (const Action& action : program) {
    const bool joins = action.kind == ActionKind::kInputGradient && !stacked.empty() &&
                       stacked.back().kind == ActionKind::kInputGradient &&
                       stacked.back().micro_batch == action.micro_batch &&
                       stacked.back().loss + stacked.back().stacked == action.loss;
    if (joins) {
      stacked.back().stacked += action.stacked;
    } else {
      stacked.push_back(action);
    }
  }
  return stacked;
}

}  // namespace interlock::schedule
