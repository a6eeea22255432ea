#pragma once
// Runs of a small network that are saved and read back, for tests of checkpoints.

#include <memory>
#include <string>
#include <vector>

#include "support/small_runs.h"
#include "training/stage_checkpoint.h"

namespace interlock::training {

// All stages of a run, with their optimizers.
struct Run {
  explicit Run(const std::string& sections, std::uint64_t seed = 1)
      : plan(test::make_plan(test::kMlp + sections)) {
    for (const models::StageBlueprint& blueprint : plan.blueprint.stages)
      stages.emplace_back(blueprint, seed);
    for (const models::Stage& stage : stages) {
      optimizers.push_back(std::make_unique<StageOptimizer>(stage, plan.config));
    }
  }
  // Steps with gradients that depend on the parameter's name and the step alone.
  void train(int first_step, int last_step) {
    for (int step = first_step; step <= last_step; ++step) {
      for (std::size_t k = 0; k < stages.size(); ++k) {
        for (const auto& [name, tensor] : stages[k].state()) {
          if (!tensor.requires_grad()) continue;
          torch::manual_seed(std::hash<std::string>{}(name) + static_cast<std::uint64_t>(step));
          tensor.mutable_grad() = torch::randn_like(tensor);
        }
        optimizers[k]->step(0.05);
      }
    }
  }
  void save(const std::string& directory) const {
    storage::Manifest manifest{3, 1, {}};
    for (std::size_t k = 0; k < stages.size(); ++k) {
      manifest.shards.push_back(write_stage_checkpoint(directory, stages[k], *optimizers[k]));
    }
    storage::write_manifest(directory, manifest);
  }
  void load(const std::string& directory) {
    for (std::size_t k = 0; k < stages.size(); ++k)
      load_stage_checkpoint(directory, stages[k], *optimizers[k]);
  }

  RunPlan plan;
  std::vector<models::Stage> stages;
  std::vector<std::unique_ptr<StageOptimizer>> optimizers;
};

// Parameters' optimizer state and all else that a stage's shard would hold, by name.
inline test::TensorsByName snapshot_of(const Run& run, std::size_t stage) {
  StageSnapshot snapshot;
  take_snapshot(run.stages[stage], *run.optimizers[stage], "", nullptr, snapshot);
  test::TensorsByName all;
  for (const auto& [name, tensor] : snapshot.file.tensors) all[name] = tensor;
  return all;
}

inline const std::string kTwoStages = "partition: {layers: [2, 5]}\n";
inline const std::vector<std::string> kOptimizers = {
    "optimizer: {kind: sgd, lr: 0.1}\n",
    "optimizer: {kind: sgd, lr: 0.1, momentum: 0.9, weight_decay: 0.01}\n",
    "optimizer: {kind: sgd, lr: 0.1, momentum: 0.9, nesterov: true}\n",
    "optimizer: {kind: adam, weight_decay: 0.01}\n",
    "optimizer: {kind: adamw}\n",
};

}  // namespace interlock::training
