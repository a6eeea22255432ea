#include "training/profile.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/files.h"

namespace interlock::training {
namespace {

using nlohmann::ordered_json;
using schedule::StageCosts;

struct Field {
  const char* name;
  double StageCosts::*seconds;
};
constexpr Field kFields[] = {
    {"forward_ms", &StageCosts::forward},
    {"head_ms", &StageCosts::loss},
    {"input_gradient_ms", &StageCosts::input_gradient},
    {"weight_gradient_ms", &StageCosts::weight_gradient},
    {"backward_ms", &StageCosts::backward},
    {"update_ms", &StageCosts::update},
    {"stacked_input_gradient_ms", &StageCosts::stacked_input_gradient},
};

ordered_json to_json(const StageCosts& costs) {
  ordered_json object;
  for (const Field& field : kFields) object[field.name] = costs.*field.seconds * 1000;
  return object;
}

StageCosts costs_from(const ordered_json& object, const std::string& who) {
  StageCosts costs;
  for (const Field& field : kFields) {
    if (!object.contains(field.name)) throw std::runtime_error(fmt::format("{} has no {}", who, field.name));
    const double milliseconds = object.at(field.name).get<double>();
    if (!(milliseconds >= 0))
      throw std::runtime_error(fmt::format("{}: {} is {}", who, field.name, milliseconds));
    costs.*field.seconds = milliseconds / 1000;
  }
  return costs;
}

Profile from_json(const ordered_json& document) {
  Profile profile;
  document.at("micro_batch_size").get_to(profile.micro_batch_size);
  document.at("cut").get_to(profile.cut);
  for (const ordered_json& stage : document.at("stages")) {
    profile.stages.push_back(costs_from(stage, fmt::format("stage {}", profile.stages.size())));
  }
  for (const ordered_json& object : document.at("layers")) {
    LayerProfile layer;
    layer.costs = costs_from(object, fmt::format("layer {}", profile.layers.size()));
    object.at("head_fits").get_to(layer.head_fits);
    object.at("parameters").get_to(layer.parameters);
    profile.layers.push_back(layer);
  }
  if (profile.micro_batch_size < 1 || profile.cut.size() != profile.stages.size())
    throw std::runtime_error("its parts do not fit together");
  return profile;
}

}  // namespace

void write_profile(const std::string& path, const Profile& profile) {
  ordered_json document;
  document["micro_batch_size"] = profile.micro_batch_size;
  document["cut"] = profile.cut;
  for (const StageCosts& stage : profile.stages) document["stages"].push_back(to_json(stage));
  for (const LayerProfile& layer : profile.layers) {
    ordered_json object = to_json(layer.costs);
    object["head_fits"] = layer.head_fits;
    object["parameters"] = layer.parameters;
    document["layers"].push_back(std::move(object));
  }
  write_file_atomically(path, document.dump(1) + "\n");
}

Profile read_profile(const std::string& path) {
  std::string text;
  std::string reason;
  if (!read_file(path, text, reason)) {
    throw UsageError(fmt::format("schedule.costs: {}: {}; write it with `interlock profile CONFIG --out {}`",
                                 path, reason, path));
  }
  try {
    return from_json(ordered_json::parse(text));
  } catch (const std::exception& fault) {
    throw DataError(fmt::format("{}: is no profile of `interlock profile`: {}", path, fault.what()));
  }
}

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
    throw UsageError(fmt::format("schedule.costs: {} was measured on a network of {} layers, this one has {}",
                                 plan.config.schedule.costs_file, profile.layers.size(),
                                 plan.blueprint.network.layers.size()));
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
