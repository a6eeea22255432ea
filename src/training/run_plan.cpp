#include "training/run_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/sampler.h"
#include "models/freeze.h"
#include "schedule/program.h"

namespace interlock::training {
namespace {

constexpr std::int64_t kBytes = 4;  // float32

void refuse_to_learn_nothing(const config::Config& config, const schedule::GradientRule& rule) {
  for (int stage = 0; stage < rule.stages(); ++stage) {
    if (rule.learns(stage) || rule.has_head(stage)) return;
  }
  config::fail(config.where("model.freeze"), "model.freeze",
               "freezes every layer that has weights, and no head is trained: nothing is left to learn");
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
  return plan;
}

std::int64_t stored_bytes(const RunPlan& plan, int stage) {
  const models::StageBlueprint& blueprint = plan.blueprint.stages.at(static_cast<std::size_t>(stage));
  std::int64_t per_sample = models::element_count(blueprint.input);
  // Where no gradient comes back nothing but the input stays.
  const bool keeps_graph = !plan.config.training.recompute && plan.rule.has_backward(stage);
  if (keeps_graph) per_sample += blueprint.activation_elements;
  return kBytes * plan.micro_batch_size * per_sample;
}

MemoryEstimate estimate_memory(const RunPlan& plan, int stage) {
  const models::StageBlueprint& blueprint = plan.blueprint.stages.at(static_cast<std::size_t>(stage));
  const double parameters = static_cast<double>(kBytes) *
                            static_cast<double>(blueprint.main_parameters + blueprint.head_parameters);
  const double learning =
      parameters - static_cast<double>(kBytes) * static_cast<double>(blueprint.frozen_parameters);
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
