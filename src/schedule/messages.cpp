#include "schedule/messages.h"

#include <set>

namespace interlock::schedule {

std::vector<Message> messages_consumed(const GradientRule& rule, int stage, const Action& action) {
  const int m = action.micro_batch;
  std::vector<Message> consumed;
  switch (action.kind) {
    case ActionKind::kForward:
      if (stage > 0) consumed.push_back({MessageKind::kActivation, stage, m, 0});
      break;
    case ActionKind::kInputGradient:
    case ActionKind::kBackward:
      for (int loss = action.loss; loss < action.loss + action.stacked; ++loss) {
        if (loss > stage) consumed.push_back({MessageKind::kGradient, stage, m, loss});
      }
      break;
    case ActionKind::kWeightGradient:
      for (const int loss : rule.losses_mixed(stage)) {
        if (loss > stage) consumed.push_back({MessageKind::kGradient, stage, m, loss});
      }
      break;
    case ActionKind::kLocalLoss:
    case ActionKind::kUpdate:
      break;
  }
  return consumed;
}

std::vector<Message> messages_produced(const GradientRule& rule, int stage, const Action& action) {
  const int m = action.micro_batch;
  if (action.kind == ActionKind::kForward && !rule.is_last(stage)) {
    return {{MessageKind::kActivation, stage + 1, m, 0}};
  }
  const bool sends_gradient =
      action.kind == ActionKind::kInputGradient || action.kind == ActionKind::kBackward;
  if (!sends_gradient) return {};
  std::vector<Message> produced;
  for (int loss = action.loss; loss < action.loss + action.stacked; ++loss) {
    produced.push_back({MessageKind::kGradient, stage - 1, m, loss});
  }
  return produced;
}

std::vector<Message> receive_order(const GradientRule& rule, int stage, const StageProgram& program) {
  std::vector<Message> order;
  std::set<Message> seen;
  for (const Action& action : program) {
    for (const Message& message : messages_consumed(rule, stage, action)) {
      if (seen.insert(message).second) order.push_back(message);
    }
  }
  return order;
}

}  // namespace interlock::schedule
