#include "schedule/costs.h"

#include <algorithm>

namespace interlock::schedule {

double StageCosts::of(const Action& action) const {
  switch (action.kind) {
    case ActionKind::kForward:
      return forward;
    case ActionKind::kLocalLoss:
      return loss;
    case ActionKind::kInputGradient:
      return action.stacked == 1 ? input_gradient : action.stacked * stacked_input_gradient;
    case ActionKind::kWeightGradient:
      return weight_gradient;
    case ActionKind::kBackward:
      return backward;
    case ActionKind::kUpdate:
      return update;
  }
  return 0;
}

StageCosts StageCosts::scaled(double factor) const {
  StageCosts costs = *this;
  for (double* seconds : {&costs.forward, &costs.loss, &costs.input_gradient, &costs.weight_gradient,
                          &costs.backward, &costs.stacked_input_gradient}) {
    *seconds *= factor;
  }
  return costs;
}

void update_together(Costs& costs, const std::vector<int>& stages) {
  costs.update_peers.resize(costs.stages.size());
  for (const int stage : stages) {
    std::vector<int>& peers = costs.update_peers[static_cast<std::size_t>(stage)];
    for (const int other : stages) {
      const bool known = std::find(peers.begin(), peers.end(), other) != peers.end();
      if (other != stage && !known) peers.push_back(other);
    }
  }
}

Costs equal_costs(int stages) {
  const auto count = static_cast<std::size_t>(stages);
  return {std::vector<StageCosts>(count), std::vector<double>(count - 1, 0.0), {}};
}

double work_seconds(const StageCosts& costs, const StageProgram& program) {
  double seconds = 0;
  for (const Action& action : program) seconds += costs.of(action);
  return seconds;
}

}  // namespace interlock::schedule
