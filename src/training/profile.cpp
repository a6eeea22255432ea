#include "training/profile.h"

#include <fmt/format.h>

#include "common/error.h"

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

std::vector<StageCosts> stage_costs(const Profile& profile, const RunPlan& plan) {
  if (profile.layers.size() != plan.blueprint.network.layers.size()) {
    throw UsageError(fmt::format(
        "schedule.costs: {} was measured on a network of {} layers, this one has {}; measure this one: "
        "`interlock profile "
        "CONFIG --out FILE`",
        plan.config.schedule.costs_file, profile.layers.size(), plan.blueprint.network.layers.size()));
  }
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
