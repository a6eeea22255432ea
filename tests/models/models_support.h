#pragma once
// Shared by the tests of this folder: configs, blueprints and tensors in one line.

#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/blueprint.h"
#include "models/stage.h"
#include "support/catch.h"

namespace interlock::models {

inline const Problem kImages{{3, 16, 16}, {}, 10, false};

inline config::Config parse(const std::string& yaml) {
  return config::parse_config(yaml, "a.yaml", {});
}

// The layers of a YAML list such as "[relu, {linear: {in: 8, out: 4}}]".
inline std::vector<config::LayerSpec> layers_of(const std::string& list) {
  return parse("model: {kind: sequential, layers: " + list + "}").model.layers;
}

// All stages but the last with a head where `heads`, none otherwise.
inline Blueprint blueprint_of(const config::Config& config, const Problem& problem, bool heads = false) {
  std::vector<bool> with_head(static_cast<std::size_t>(config.partition.stages), heads);
  with_head.back() = false;
  return make_blueprint(config, problem, with_head);
}

inline std::vector<Stage> build(const Blueprint& blueprint, std::uint64_t seed = 1) {
  std::vector<Stage> stages;
  for (const StageBlueprint& stage : blueprint.stages) stages.emplace_back(stage, seed);
  return stages;
}

// Parameters and buffers of all stages by name; fails where two stages claim a name.
inline std::map<std::string, at::Tensor> tensors_of(const std::vector<Stage>& stages) {
  std::map<std::string, at::Tensor> all;
  for (const Stage& stage : stages) {
    for (const auto& [name, tensor] : stage.state()) {
      INFO(name);
      CHECK(all.emplace(name, tensor.detach()).second);
    }
  }
  return all;
}

}  // namespace interlock::models
