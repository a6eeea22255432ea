#include "worker/profiler.h"

#include <algorithm>
#include <functional>
#include <optional>

#include <torch/types.h>

#include "common/clock.h"
#include "common/error.h"
#include "worker/busy_neighbours.h"
#include "worker/random_input.h"
#include "worker/stage_executor.h"

namespace interlock::worker {
namespace {

using schedule::StageCosts;

constexpr int kWarmUp = 2;

// A plan in which every action exists on every stage: two losses reach each, all heads are trained.
training::RunPlan measuring_plan(const training::RunPlan& plan, const std::vector<int>& cut) {
  config::Config config = plan.config;
  config.partition.stages = static_cast<int>(cut.size());
  config.partition.layers = cut;
  config.partition.replicas = {1};
  config.learning.horizon = std::min(2, config.partition.stages);
  config.learning.mix = config::MixKind::kSum;
  config.learning.train_all_heads = true;
  config.training.recompute = false;
  const schedule::GradientRule rule(config.partition.stages, config.learning);
  const std::vector<bool> no_heads(cut.size(), false);
  config.learning.heads.clear();
  training::RunPlan measured = plan;
  measured.blueprint = models::make_blueprint(config, plan.blueprint.problem, no_heads);
  measured.config = config;
  measured.rule = rule;
  return measured;
}

// Gives a stage the head that learning.head would; false where that does not fit.
bool add_head(const training::RunPlan& plan, models::StageBlueprint& stage) {
  try {
    stage.head = models::describe_head(plan.config, stage.output, plan.blueprint.problem);
    const models::Stage built(stage, 1);
    const at::NoGradGuard no_grad;
    static_cast<void>(built.head().forward(torch::zeros(models::batched(stage.output, 2)), {}));
    return true;
  } catch (const std::exception&) {  // ours or torch's: the shapes do not fit
    stage.head.clear();
    return false;
  }
}

class Stopwatch {
 public:
  Stopwatch(int repeats, device::Device& device) : repeats_(repeats), device_(device) {}
  // Median seconds of `action`, of `repeats` after the warm-up.
  double time(const std::function<void()>& prepare, const std::function<void()>& action,
              const std::function<void()>& clean_up) const {
    std::vector<double> seconds;
    for (int i = 0; i < kWarmUp + repeats_; ++i) {
      prepare();
      device_.synchronise();
      const double start = monotonic_seconds();
      action();
      device_.synchronise();
      if (i >= kWarmUp) seconds.push_back(monotonic_seconds() - start);
      clean_up();
    }
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
  }

 private:
  int repeats_;
  device::Device& device_;
};

StageCosts measure_stage(const training::RunPlan& plan, const models::StageBlueprint& blueprint, int repeats,
                         device::Device& device) {
  models::Stage stage(blueprint, plan.config.training.seed);
  const at::Device where = device.torch_device();
  stage.to(where);
  training::StageOptimizer optimizer(stage, plan.config);
  // With its device, as in a run: what watches for NaN on an accelerator must not wait for it in each action.
  StageExecutor executor(plan, stage, optimizer, {0, nullptr, &device});
  const int number = blueprint.stage;
  const std::int64_t samples = plan.micro_batch_size;
  const bool classes = plan.config.training.loss == config::LossKind::kCrossEntropy;
  const at::Tensor input = random_input(blueprint.input, samples, blueprint.integer_input).to(where);
  const at::Tensor targets = random_input(plan.data.target_shape, samples, classes).to(where);
  const at::Tensor gradient = random_input(blueprint.output, samples, false).to(where);
  const bool has_loss = stage.has_head() || plan.rule.is_last(number);
  const bool passes_gradients = number > 0;
  const int own = number;

  executor.begin_batch(true, 0, 1, samples);
  const auto nothing = [] {};
  const auto forward = [&] {
    executor.forward(0, input.detach(), targets);
    executor.accept_gradient(0, own, gradient);
    if (number + 1 < plan.rule.stages()) executor.accept_gradient(0, number + 1, gradient);
  };
  const auto release = [&] { executor.weight_gradient(0); };
  const Stopwatch watch(repeats, device);
  StageCosts costs{0, 0, 0, 0, 0, 0, 0};
  costs.forward = watch.time(nothing, forward, release);
  if (has_loss)
    costs.loss = watch.time(
        forward, [&] { executor.local_loss(0); }, release);
  if (passes_gradients)
    costs.input_gradient = watch.time(
        forward, [&] { executor.input_gradient(0, own); }, release);
  costs.stacked_input_gradient = costs.input_gradient;
  if (passes_gradients && number + 1 < plan.rule.stages()) {
    costs.stacked_input_gradient =
        watch.time(
            forward, [&] { executor.stacked_input_gradients(0, own, 2); }, release) /
        2;
  }
  costs.weight_gradient = watch.time(
      forward, [&] { executor.weight_gradient(0); }, nothing);
  costs.backward = passes_gradients ? watch.time(
                                          forward, [&] { executor.backward(0, own); }, nothing)
                                    : costs.weight_gradient;
  costs.update = watch.time(
      nothing,
      [&] {
        if (const std::optional<double> squares = executor.main_squares()) {
          executor.set_total_squares(*squares);
        }
        executor.update(0);
      },
      nothing);
  return costs;
}

}  // namespace

training::Profile measure_profile(const training::RunPlan& plan, const ProfileOptions& options,
                                  device::Device& device) {
  training::Profile profile;
  profile.network = training::profiled_network(plan);
  profile.micro_batch_size = plan.micro_batch_size;
  for (const models::StageBlueprint& stage : plan.blueprint.stages)
    profile.cut.push_back(static_cast<int>(stage.main.size()));
  if (options.stages) {
    training::RunPlan measured = measuring_plan(plan, profile.cut);
    for (models::StageBlueprint& stage : measured.blueprint.stages) {
      if (!measured.rule.is_last(stage.stage)) add_head(measured, stage);
    }
    std::optional<BusyNeighbours> neighbours;  // who share cores; a GPU is its rank's own, or should be
    if (!device.is_gpu()) neighbours.emplace(measured);
    for (const models::StageBlueprint& stage : measured.blueprint.stages) {
      profile.stages.push_back(measure_stage(measured, stage, options.repeats, device));
    }
  }
  if (!options.layers) return profile;
  const std::size_t layers = plan.blueprint.network.layers.size();
  training::RunPlan measured = measuring_plan(plan, std::vector<int>(layers, 1));
  for (models::StageBlueprint& stage : measured.blueprint.stages) {
    training::LayerProfile layer;
    if (!measured.rule.is_last(stage.stage)) layer.head_fits = add_head(measured, stage);
    layer.parameters = stage.main_parameters;
    layer.costs = measure_stage(measured, stage, options.repeats, device);
    profile.layers.push_back(layer);
  }
  return profile;
}

}  // namespace interlock::worker
