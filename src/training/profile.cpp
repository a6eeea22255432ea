#include "training/profile.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "config/names.h"

namespace interlock::training {

using schedule::StageCosts;

StageCosts merge_layers(const Profile& profile, int first, int count) {
  StageCosts sum{0, 0, 0, 0, 0, 0, 0};
  bool below_has_weights = false;
  for (int i = first; i < first + count; ++i) {
    const LayerProfile& layer = profile.layers.at(static_cast<std::size_t>(i));
    sum.forward += layer.costs.forward;
    sum.input_gradient += layer.costs.input_gradient;
    sum.stacked_input_gradient += layer.costs.stacked_input_gradient;
    sum.backward += layer.costs.backward;
    sum.update += layer.costs.update;
    // The weight gradient's own chain runs down to the lowest layer with weights, and not through it.
    if (below_has_weights) {
      sum.weight_gradient += layer.costs.backward;
    } else if (layer.parameters > 0) {
      sum.weight_gradient += layer.costs.weight_gradient;
      below_has_weights = true;
    }
  }
  sum.loss = profile.layers.at(static_cast<std::size_t>(first + count - 1)).costs.loss;
  return sum;
}

ProfiledNetwork profiled_network(const RunPlan& plan) {
  ProfiledNetwork network;
  network.input = format_shape(plan.blueprint.problem.input);
  for (const config::LayerSpec& layer : plan.blueprint.network.layers) network.layers.push_back(layer.text());
  network.head = plan.config.learning.head;
  network.precision = config::name_of(config::precisions(), plan.config.training.precision);
  return network;
}

namespace {

// Costs of something else would look as good as any.
void require_same_network(const Profile& profile, const RunPlan& plan) {
  const ProfiledNetwork& measured = profile.network;
  if (measured.layers.empty()) return;
  const ProfiledNetwork wanted = profiled_network(plan);
  const auto compare = [&](const std::string& what, const std::string& there, const std::string& here) {
    if (there == here) return;
    throw UsageError(fmt::format(
        "schedule.costs: {} was measured with {} {}, this run has {}; measure this one: `interlock "
        "profile CONFIG --out FILE`",
        plan.config.schedule.costs_file, what, there, here));
  };
  compare("samples of shape", measured.input, wanted.input);
  for (std::size_t i = 0; i < std::min(measured.layers.size(), wanted.layers.size()); ++i)
    compare(fmt::format("layer {}:", i), measured.layers[i], wanted.layers[i]);
  compare("training.precision", measured.precision, wanted.precision);
  const auto& stages = plan.blueprint.stages;
  const bool has_heads = std::any_of(stages.begin(), stages.end(),
                                     [](const models::StageBlueprint& stage) { return !stage.head.empty(); });
  const bool own_heads = !plan.config.learning.heads.empty();  // costs of learning.head stand in for theirs
  if (has_heads && !own_heads) compare("learning.head", measured.head, wanted.head);
}

}  // namespace

std::vector<StageCosts> stage_costs(const Profile& profile, const RunPlan& plan) {
  if (profile.layers.size() != plan.blueprint.network.layers.size()) {
    throw UsageError(fmt::format(
        "schedule.costs: {} was measured on a network of {} layers, this one has {}; measure this one: "
        "`interlock profile "
        "CONFIG --out FILE`",
        plan.config.schedule.costs_file, profile.layers.size(), plan.blueprint.network.layers.size()));
  }
  require_same_network(profile, plan);
  std::vector<int> cut;
  for (const models::StageBlueprint& stage : plan.blueprint.stages)
    cut.push_back(static_cast<int>(stage.main.size()));
  std::vector<StageCosts> stages;
  for (const models::StageBlueprint& stage : plan.blueprint.stages) {
    const auto k = static_cast<std::size_t>(stage.stage);
    const StageCosts costs =
        cut == profile.cut ? profile.stages[k] : merge_layers(profile, stage.first_layer, cut[k]);
    const auto samples = static_cast<double>(samples_of_replica(plan, stage.stage));
    stages.push_back(costs.scaled(samples / static_cast<double>(profile.micro_batch_size)));
  }
  return stages;
}

}  // namespace interlock::training
