#include "schedule/planner.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "common/error.h"
#include "config/names.h"
#include "schedule/program.h"

namespace interlock::schedule {
namespace {

double mean_action_seconds(const Costs& costs) {
  double sum = 0;
  for (const StageCosts& stage : costs.stages) sum += stage.forward + stage.weight_gradient;
  return sum / static_cast<double>(2 * costs.stages.size());
}

double busiest_work(const Costs& costs, const Schedule& schedule) {
  double most = 0;
  for (std::size_t k = 0; k < schedule.size(); ++k)
    most = std::max(most, work_seconds(costs.stages[k], schedule[k]));
  return most;
}

int most_in_flight(const Schedule& schedule) {
  int most = 0;
  for (const StageProgram& program : schedule) most = std::max(most, peak_in_flight(program));
  return most;
}

}  // namespace

Plan make_plan(const GradientRule& rule, const Costs& costs, const PlanRequest& request) {
  const std::vector<Candidate> candidates = all_candidates(rule, costs, request);

  // A message that comes late by this much should not cost a step: a schedule with no slack is fragile.
  const SimulationOptions slow_messages{false, 0.1 * mean_action_seconds(costs)};
  constexpr double kSame = 1e-3;  // relative; less is no difference on a real machine
  constexpr std::size_t kManyActions = 1'500'000;
  std::optional<Plan> best;
  double least_step = 0;
  double best_slow = 0;  // the step of the best with slow messages
  std::size_t actions_tried = 0;
  for (const Candidate& candidate : candidates) {
    const bool perfect = best && best_slow < best->simulation.bound_seconds * (1 + kSame);
    if (perfect && actions_tried > kManyActions) break;  // thousands of stages: enough is enough
    Plan plan{candidate.policy, candidate.description, candidate.make(), {}};
    for (const StageProgram& program : plan.schedule) actions_tried += program.size();
    if (perfect && busiest_work(costs, plan.schedule) >= best->simulation.bound_seconds * (1 - kSame) &&
        most_in_flight(plan.schedule) >= most_in_flight(best->schedule))
      continue;
    plan.simulation = simulate(rule, plan.schedule, costs);
    const double step = plan.simulation.step_seconds;
    if (best && step > least_step * (1 + kSame)) continue;
    least_step = best ? std::min(least_step, step) : step;
    const double slow = simulate(rule, plan.schedule, costs, slow_messages).step_seconds;
    const bool better =
        !best || best->simulation.step_seconds > least_step * (1 + kSame) || slow < best_slow * (1 - kSame) ||
        (slow < best_slow * (1 + kSame) && most_in_flight(plan.schedule) < most_in_flight(best->schedule));
    if (!better) continue;
    best_slow = slow;
    best = std::move(plan);
  }
  INTERLOCK_CHECK(best.has_value(), "no candidate");
  best->description =
      fmt::format("{}: {}", config::name_of(config::policy_kinds(), best->policy), best->description);
  return *best;
}

}  // namespace interlock::schedule
