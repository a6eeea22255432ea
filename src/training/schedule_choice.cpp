#include "training/schedule_choice.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"
#include "common/path_advice.h"
#include "schedule/program.h"
#include "schedule/schedule_file.h"
#include "training/loss_scaler.h"
#include "training/profile.h"

namespace interlock::training {
namespace {

double of_stage(const std::vector<double>& milliseconds, std::size_t stage) {
  return (milliseconds.size() == 1 ? milliseconds.front() : milliseconds.at(stage)) / 1000;
}

// Activations and gradients on the link between stage k and k+1 are equally large.
double link_seconds(const RunPlan& plan, std::size_t k) {
  const config::ScheduleConfig& config = plan.config.schedule;
  const double element =
      static_cast<double>(kFloatBytes) / (config.wire_dtype == config::WireType::kBfloat16 ? 2 : 1);
  // The side with fewer replicas takes, or gives, the larger parts.
  const std::int64_t samples = std::max(samples_of_replica(plan, static_cast<int>(k)),
                                        samples_of_replica(plan, static_cast<int>(k) + 1));
  const double bytes = element * static_cast<double>(samples) *
                       static_cast<double>(models::element_count(plan.blueprint.stages[k].output));
  const double transfer = config.gigabytes_per_second > 0 ? bytes / (config.gigabytes_per_second * 1e9) : 0;
  return config.latency_us * 1e-6 + transfer;
}

std::vector<int> all_stages(const RunPlan& plan) {
  std::vector<int> stages(static_cast<std::size_t>(plan.rule.stages()));
  std::iota(stages.begin(), stages.end(), 0);
  return stages;
}

// The few numbers that global clipping, steps that may be left out and float16 exchange cost their way only.
void add_number_exchanges(const RunPlan& plan, schedule::Costs& costs) {
  const config::TrainingConfig& training = plan.config.training;
  const double there_and_back = 2 * plan.config.schedule.latency_us * 1e-6;
  const bool may_leave_out = training.nonfinite == config::NonfiniteKind::kSkip ||
                             training.nonfinite == config::NonfiniteKind::kRewind;
  const bool clips_globally = training.clip_norm > 0 && training.clip_scope == config::ClipScope::kGlobal;
  if (may_leave_out || clips_globally) {
    update_together(costs, all_stages(plan));
    costs.update_exchange_seconds = std::max(costs.update_exchange_seconds, there_and_back);
  }
  if (training.precision != config::Precision::kFloat16) return;
  for (int loss = 0; loss < plan.rule.stages(); ++loss) update_together(costs, loss_sharers(plan.rule, loss));
  costs.update_exchange_seconds = std::max(costs.update_exchange_seconds, there_and_back);
}

// Of the sums over replicas only the last bucket's is left to wait for when the backward pass ends.
void add_replica_sums(const RunPlan& plan, schedule::Costs& costs) {
  const Placement placement = plan.config.partition.placement();
  const config::ScheduleConfig& config = plan.config.schedule;
  for (const models::StageBlueprint& stage : plan.blueprint.stages) {
    const int replicas = placement.replicas(stage.stage);
    if (replicas == 1) continue;
    const auto gradients =
        static_cast<double>(stage.main_parameters + stage.head_parameters - stage.frozen_parameters);
    const double bucket = std::min(kFloatBytes * gradients, config.bucket_mib * 1024 * 1024);
    const double passes = 2.0 * (replicas - 1) / replicas;
    const double transfer =
        config.gigabytes_per_second > 0 ? passes * bucket / (config.gigabytes_per_second * 1e9) : 0;
    costs.stages[static_cast<std::size_t>(stage.stage)].update += 2 * config.latency_us * 1e-6 + transfer;
  }
}

// Stages with copies of the tied matrix send it to the first of them and get the sum back.
void add_tied_stages(const RunPlan& plan, schedule::Costs& costs) {
  const std::vector<int> tied = tied_stages(plan);
  if (tied.size() < 2) return;
  update_together(costs, tied);
  const config::ScheduleConfig& config = plan.config.schedule;
  const double bytes = kFloatBytes * static_cast<double>(plan.data.classes * plan.config.model.width);
  const double transfer = config.gigabytes_per_second > 0 ? bytes / (config.gigabytes_per_second * 1e9) : 0;
  const auto others = static_cast<double>(tied.size() - 1);
  costs.update_exchange_seconds = 2 * (config.latency_us * 1e-6 + others * transfer);
}

}  // namespace

std::vector<int> tied_stages(const RunPlan& plan) {
  std::vector<int> tied;
  for (const models::StageBlueprint& stage : plan.blueprint.stages) {
    if (stage.tied_weights > 0 && !stage.frozen_tied_weights) tied.push_back(stage.stage);
  }
  return tied;
}

std::vector<schedule::StageCosts> action_costs(const config::ActionTimes& times, int stages) {
  std::vector<schedule::StageCosts> costs;
  for (std::size_t k = 0; k < static_cast<std::size_t>(stages); ++k) {
    schedule::StageCosts stage;
    stage.forward = of_stage(times.forward_ms, k);
    stage.loss = of_stage(times.head_ms, k);
    stage.input_gradient = stage.stacked_input_gradient = of_stage(times.input_gradient_ms, k);
    stage.weight_gradient = of_stage(times.weight_gradient_ms, k);
    stage.backward = of_stage(times.backward_ms, k);
    stage.update = of_stage(times.update_ms, k);
    costs.push_back(stage);
  }
  if (times.head_ms.size() == 1) costs.back().loss = 0;
  return costs;
}

KnownCosts known_costs(const RunPlan& plan) {
  const config::Config& config = plan.config;
  const int stages = plan.rule.stages();
  KnownCosts known;
  if (config.schedule.costs) {
    known = {{action_costs(*config.schedule.costs, stages), {}, {}}, false, "schedule.costs"};
  } else if (!config.schedule.costs_file.empty()) {
    const Profile profile = read_profile(config.schedule.costs_file);
    known = {{stage_costs(profile, plan), {}, {}}, false, "measured: " + config.schedule.costs_file};
  } else if (config.run.device == config::DeviceKind::kSimulated) {
    known = {{action_costs(*config.run.simulated, stages), {}, {}}, false, "run.simulated"};
  } else {
    known = {schedule::equal_costs(stages), true, "assumed: all stages alike"};
  }
  for (schedule::StageCosts& stage : known.costs.stages) {
    if (!config.training.recompute) break;
    for (double* gradient :
         {&stage.input_gradient, &stage.stacked_input_gradient, &stage.weight_gradient, &stage.backward}) {
      *gradient += stage.forward;  // each runs it again
    }
  }
  if (!config.schedule.stack_gradients) {
    for (schedule::StageCosts& stage : known.costs.stages)
      stage.stacked_input_gradient = stage.input_gradient;
  }
  known.costs.link_seconds.clear();
  for (std::size_t k = 0; k + 1 < static_cast<std::size_t>(stages); ++k) {
    known.costs.link_seconds.push_back(link_seconds(plan, k));
  }
  if (config.run.device != config::DeviceKind::kSimulated) {
    add_tied_stages(plan, known.costs);
    add_number_exchanges(plan, known.costs);
    add_replica_sums(plan, known.costs);
  }
  for (int stage = 0; stage < stages; ++stage) {
    known.costs.stored_bytes.push_back(static_cast<double>(stored_bytes(plan, stage)));
  }
  return known;
}

schedule::PlanRequest plan_request(const config::Config& config) {
  schedule::PlanRequest request;
  request.micro_batches = config.schedule.micro_batches;
  request.policy = config.schedule.policy;
  request.in_flight = config.schedule.in_flight;
  request.memory_cap_bytes = config.schedule.memory_cap_mib * 1024 * 1024;
  return request;
}

schedule::Plan choose_schedule(const RunPlan& plan, const schedule::Costs& costs) {
  const schedule::PlanRequest request = plan_request(plan.config);
  const std::string& file = plan.config.schedule.file;
  if (file.empty()) return schedule::make_plan(plan.rule, costs, request);

  // Someone's own order: only what the user set is a cap.
  const std::vector<int> caps =
      schedule::in_flight_caps(plan.rule, costs, request, config::PolicyKind::kAuto);
  std::string text;
  std::string reason;
  if (!read_file(file, text, reason)) {
    throw UsageError(fmt::format("schedule.file: {}: {}; `interlock plan CONFIG --write {}` makes one", file,
                                 reason + advice_on_missing(file), file));
  }
  schedule::Plan chosen;
  chosen.description = "from " + file;
  chosen.schedule = schedule::parse_valid_schedule(text, file, plan.rule, request.micro_batches, caps);
  chosen.simulation = schedule::simulate(plan.rule, chosen.schedule, costs);
  return chosen;
}

schedule::Plan choose_schedule(const RunPlan& plan) {
  return choose_schedule(plan, known_costs(plan).costs);
}

}  // namespace interlock::training
