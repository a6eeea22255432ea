#include "app/plan_comparison.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "common/error.h"
#include "config/names.h"
#include "training/balance.h"

namespace interlock::app {
namespace {

using config::PolicyKind;

// Actions of one batch on all stages. With more, a table would take minutes: each plan is tried out many
// times.
constexpr double kMostActions = 4e5;

// The same run with another horizon and number of micro-batches. A cut that follows costs follows the
// horizon.
config::Config variant(const config::Config& config, int horizon, int micro_batches) {
  config::Config other = config;
  other.learning.horizon = horizon;
  std::vector<double>& weights = other.learning.mix_weights;
  if (!weights.empty()) weights.resize(static_cast<std::size_t>(horizon), weights.back());
  other.schedule.micro_batches = micro_batches;
  other.schedule.file.clear();
  if (other.partition.balance_by_cost) {
    const schedule::GradientRule rule(other.partition.stages, other.learning);
    other.partition.layers = training::balanced_cut(training::read_profile(other.schedule.costs_file), rule);
    other.partition.balance_by_cost = false;
  }
  return other;
}

// Profiles are scaled by known_costs(); other times are for the micro-batch of the config as it stands.
schedule::Costs costs_of(const training::RunPlan& plan, std::int64_t own_micro_batch) {
  schedule::Costs costs = training::known_costs(plan).costs;
  if (!plan.config.schedule.costs_file.empty()) return costs;
  const double scale = static_cast<double>(plan.micro_batch_size) / static_cast<double>(own_micro_batch);
  for (schedule::StageCosts& stage : costs.stages) stage = stage.scaled(scale);
  return costs;
}

void leave_out(Comparison& comparison, const std::string& reason, const std::string& combination) {
  for (LeftOut& known : comparison.left_out) {
    if (known.reason == reason) return known.combinations.push_back(combination);
  }
  comparison.left_out.push_back({reason, {combination}});
}

ComparedPlan compared(const training::RunPlan& plan, const schedule::Plan& made, bool configured) {
  ComparedPlan row;
  row.horizon = plan.rule.horizon();
  row.micro_batches = plan.config.schedule.micro_batches;
  row.policy = policy_name(made);
  row.step_seconds = made.simulation.step_seconds;
  row.bubble = made.simulation.bubble();
  row.in_flight = most_in_flight(made.simulation);
  row.activation_bytes = most_stored_bytes(made.simulation);
  for (const schedule::StageUse& use : made.simulation.stages) row.work_seconds += use.work_seconds;
  row.configured = configured;
  return row;
}

// All policies of one horizon and number of micro-batches. `own`: of the config itself, whose micro-batch is
// `own_micro_batch`.
void add_policies(Comparison& comparison, const config::Config& config, const data::DatasetInfo& data,
                  bool own, std::int64_t own_micro_batch) {
  const training::RunPlan plan = training::make_run_plan(config, data);
  const schedule::Costs costs = costs_of(plan, own_micro_batch);
  schedule::PlanRequest request = training::plan_request(config);
  const int gradients = plan.rule.end_to_end() ? 1 : plan.rule.horizon();
  const double actions = static_cast<double>(plan.rule.stages()) * request.micro_batches * (gradients + 2);
  if (actions > kMostActions && !own) {
    throw UsageError(
        fmt::format("not tried: more than {:.0f} actions a batch; plan it by itself", kMostActions));
  }
  std::optional<PolicyKind> configured;
  if (own && request.policy != PolicyKind::kAuto) configured = request.policy;
  std::vector<schedule::Plan> plans;
  for (const PolicyKind policy : schedule::policies_for(plan.rule)) {
    request.policy = policy;
    try {
      plans.push_back(schedule::make_plan(plan.rule, costs, request));
    } catch (const UsageError& error) {
      leave_out(comparison, error.what(),
                fmt::format("N = {}, M = {}, {}", plan.rule.horizon(), request.micro_batches,
                            config::name_of(config::policy_kinds(), policy)));
    }
  }
  if (own && !configured) {
    request.policy = PolicyKind::kAuto;
    try {
      configured = schedule::make_plan(plan.rule, costs, request).policy;
    } catch (const UsageError&) {  // said above, of each policy
    }
  }
  for (const schedule::Plan& made : plans) {
    comparison.plans.push_back(compared(plan, made, own && made.policy == configured));
  }
}

}  // namespace

std::vector<int> compared_horizons(int stages, int own) {
  constexpr int kEach = 8;  // up to here every one
  std::set<int> horizons{own, stages};
  if (stages <= kEach) {
    for (int horizon = 1; horizon <= stages; ++horizon) horizons.insert(horizon);
  }
  for (int power = 1; power < stages; power *= 2) {
    horizons.insert(power);
    if (power > 1 && power * 3 / 2 < stages) horizons.insert(power * 3 / 2);
  }
  return {horizons.begin(), horizons.end()};
}

std::vector<int> compared_micro_batches(int horizon, const config::Config& config) {
  constexpr std::int64_t kMost = 4096;  // as schedule.micro_batches
  const int stages = config.partition.stages;
  const int own = config.schedule.micro_batches;
  const std::int64_t batch_size = config.training.batch_size;
  std::set<int> counts{own};
  const std::int64_t most = std::min(batch_size, kMost);
  const auto replicas_share = [&](std::int64_t samples) {
    const std::vector<int>& replicas = config.partition.replicas;
    return std::all_of(replicas.begin(), replicas.end(), [&](int of) { return samples % of == 0; });
  };
  for (const std::int64_t wanted : {horizon + 2, stages, 2 * stages, 4 * stages}) {
    // The next number that cuts the batch into equal parts; where none is near, one that at least comes out:
    // 16 samples in micro-batches of ceil(16 / 6) = 3 are 6, but in micro-batches of ceil(16 / 5) = 4 they
    // are 4.
    const auto next = [&](const auto& suits, std::int64_t end) {
      std::int64_t count = wanted;
      while (count <= end && !suits(count)) ++count;
      return count <= end ? static_cast<int>(count) : 0;
    };
    const auto equal = [&](std::int64_t m) { return batch_size % m == 0 && replicas_share(batch_size / m); };
    const auto comes_out = [&](std::int64_t m) {
      const std::int64_t size = (batch_size + m - 1) / m;
      return (batch_size + size - 1) / size == m && replicas_share(size);
    };
    int count = next(equal, std::min(most, 2 * wanted));
    if (count == 0) count = next(comes_out, most);
    if (count > 0) counts.insert(count);
  }
  return {counts.begin(), counts.end()};
}

Comparison compare_plans(const config::Config& config, const data::DatasetInfo& data) {
  const int stages = config.partition.stages;
  const int own_micro_batches = config.schedule.micro_batches;
  // First what the config asks for: where its costs or its schedule are wrong, nothing can be compared.
  config::Config cut = variant(config, config.horizon(), own_micro_batches);
  cut.schedule.file = config.schedule.file;
  const training::RunPlan own_plan = training::make_run_plan(cut, data);
  const training::KnownCosts known = training::known_costs(own_plan);
  Comparison comparison;
  comparison.costs = known.source;
  if (!cut.schedule.file.empty()) {
    comparison.plans.push_back(compared(own_plan, training::choose_schedule(own_plan, known.costs), true));
  }
  for (const int horizon : compared_horizons(stages, config.horizon())) {
    for (const int count : compared_micro_batches(horizon, config)) {
      const bool own =
          config.schedule.file.empty() && horizon == config.horizon() && count == own_micro_batches;
      try {
        const config::Config other = variant(config, horizon, count);
        add_policies(comparison, other, data, own, own_plan.micro_batch_size);
      } catch (const UsageError& error) {  // heads or cuts that do not fit this horizon
        leave_out(comparison, error.what(), fmt::format("N = {}, M = {}", horizon, count));
      }
    }
  }
  if (comparison.plans.empty()) throw UsageError("nothing fits: " + comparison.left_out.front().reason);

  double fastest = comparison.plans.front().step_seconds;
  for (const ComparedPlan& plan : comparison.plans) fastest = std::min(fastest, plan.step_seconds);
  const auto place = [fastest](const ComparedPlan& plan) {  // less than a ten-thousandth is no difference
    const double relative = fastest > 0 ? plan.step_seconds / fastest : 0;
    return std::make_tuple(std::llround(relative * 1e4), plan.activation_bytes, plan.work_seconds);
  };
  std::stable_sort(comparison.plans.begin(), comparison.plans.end(),
                   [&](const ComparedPlan& a, const ComparedPlan& b) { return place(a) < place(b); });
  comparison.unit = time_unit(known, fastest);
  return comparison;
}

}  // namespace interlock::app
