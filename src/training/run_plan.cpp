#include "training/run_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/sampler.h"
#include "models/freeze.h"
#include "schedule/program.h"

namespace interlock::training {
namespace {

void refuse_to_learn_nothing(const config::Config& config, const schedule::GradientRule& rule) {
  for (int stage = 0; stage < rule.stages(); ++stage) {
    if (rule.learns(stage) || rule.has_head(stage)) return;
  }
  config::fail(config.where("model.freeze"), "model.freeze",
               "freezes every layer that has weights, and no head is trained: nothing is left to learn");
}

// All replicas of a stage take part in synchronised statistics, so none may be without samples; and a stack
// of gradients cannot ask the others in the middle of a pass.
void check_synchronised_batch_norm(const RunPlan& plan) {
  const config::Config& config = plan.config;
  const Placement placement = config.partition.placement();
  if (!config.partition.sync_batch_norm || !placement.replicated()) return;
  const config::Location where = config.where("partition.sync_batch_norm");
  if (config.schedule.stack_gradients) {
    config::fail(where, "partition.sync_batch_norm",
                 "cannot go with schedule.stack_gradients; switch one off");
  }
  int most = 1;
  for (int stage = 0; stage < placement.stages(); ++stage) most = std::max(most, placement.replicas(stage));
  // Full batches may end raggedly too: 7 samples in micro-batches of 3 are 3, 3 and 1.
  const std::int64_t full_batch = config.training.batch_size;
  const std::int64_t last_batch = config.data.drop_last ? 0 : plan.data.train_samples % full_batch;
  for (const std::int64_t batch : {plan.data.train_samples < full_batch ? 0 : full_batch, last_batch}) {
    if (batch == 0) continue;
    const std::int64_t end = data::micro_batch_sizes(batch, plan.micro_batch_size).back();
    if (end >= most) continue;
    config::fail(
        where, "partition.sync_batch_norm",
        fmt::format("{} batch ({} samples) ends in a micro-batch of {}, too few for {} replicas; {}",
                    batch == full_batch ? "each full" : "the last", batch, end, most,
                    batch == full_batch ? "choose another training.batch_size or schedule.micro_batches"
                                        : "set data.drop_last: true, or another training.batch_size"));
  }
}

}  // namespace

RunPlan make_run_plan(const config::Config& config, const data::DatasetInfo& data) {
  const models::Problem problem{data.sample_shape, data.target_shape, data.classes, data.integer_inputs,
                                data.tokens};
  const schedule::GradientRule rule(config.partition.stages, config.learning,
                                    models::learning_stages(config, problem));
  std::vector<bool> with_head;
  for (int stage = 0; stage < rule.stages(); ++stage) with_head.push_back(rule.has_head(stage));

  refuse_to_learn_nothing(config, rule);
  RunPlan plan{config, data, rule, models::make_blueprint(config, problem, with_head), 0, 0, 0, {}};
  const std::int64_t batch = config.training.batch_size;
  plan.micro_batch_size = (batch + config.schedule.micro_batches - 1) / config.schedule.micro_batches;
  plan.steps_per_epoch = data::steps_per_epoch(data.train_samples, batch, config.data.drop_last);
  if (plan.steps_per_epoch == 0) {
    config::fail(
        config.where("data.drop_last"), "data.drop_last",
        fmt::format("{} training samples do not fill one batch of {}, and drop_last leaves the rest out",
                    data.train_samples, batch));
  }
  plan.total_steps = plan.steps_per_epoch * config.training.epochs;
  if (config.training.max_steps > 0) plan.total_steps = std::min(plan.total_steps, config.training.max_steps);
  check_synchronised_batch_norm(plan);
  return plan;
}

std::int64_t samples_of_replica(const RunPlan& plan, int stage) {
  const int replicas = plan.config.partition.placement().replicas(stage);
  return part_of(plan.micro_batch_size, 0, replicas).size();
}

std::int64_t stored_bytes(const RunPlan& plan, int stage) {
  const models::StageBlueprint& blueprint = plan.blueprint.stages.at(static_cast<std::size_t>(stage));
  std::int64_t per_sample = models::element_count(blueprint.input);
  // Where no gradient comes back nothing but the input stays.
  const bool keeps_graph = !plan.config.training.recompute && plan.rule.has_backward(stage);
  if (keeps_graph) per_sample += blueprint.activation_elements;
  return kFloatBytes * samples_of_replica(plan, stage) * per_sample;
}

MemoryEstimate estimate_memory(const RunPlan& plan, int stage) {
  const models::StageBlueprint& blueprint = plan.blueprint.stages.at(static_cast<std::size_t>(stage));
  const double parameters = static_cast<double>(kFloatBytes) *
                            static_cast<double>(blueprint.main_parameters + blueprint.head_parameters);
  const double learning =
      parameters - static_cast<double>(kFloatBytes) * static_cast<double>(blueprint.frozen_parameters);
  const bool adam = plan.config.optimizer.kind != config::OptimizerKind::kSgd;
  const double slots = adam ? 2 : (plan.config.optimizer.momentum > 0 ? 1 : 0);

  MemoryEstimate memory;
  memory.in_flight = schedule::peak_in_flight(plan.schedule.at(static_cast<std::size_t>(stage)));
  memory.weights = parameters;
  memory.gradients = learning;
  memory.optimizer = slots * learning;
  memory.activations = static_cast<double>(memory.in_flight * stored_bytes(plan, stage));
  return memory;
}

}  // namespace interlock::training
