#pragma once
// The optimizer of one stage: main net and head, stepped together, clipped apart.

#include <memory>

#include <torch/optim/optimizer.h>

#include "models/stage.h"
#include "storage/safetensors.h"

namespace interlock::training {

// Owns the optimizer state of one stage. Gradients are read from the parameters' .grad.
class StageOptimizer {
 public:
  StageOptimizer(const models::Stage& stage, const config::Config& config);

  // Forgets the gradients of the previous step. Call before a batch; until then they can be looked at.
  void clear_gradients();

  // Multiplies all gradients by `gradient_scale` (Loss::correction), clips (training.clip_norm: the norm over
  // the main net, and apart from it over the head, so that a head's training never changes the main net's
  // update; a tied matrix, which other stages hold too, by itself), then one step.
  void step(double learning_rate, double gradient_scale = 1);

  // Optimizer state as named tensors, "optimizer.<parameter>.<slot>", for checkpoints.
  [[nodiscard]] models::NamedTensors state() const;

  // `file` also holds the parameters; those it does not have start with no state. Errors: DataError if the
  // state of one it has is missing or has another shape.
  void load_state(const storage::TensorFile& file, const std::string& path);

 private:
  models::NamedTensors parameters_;
  std::vector<std::vector<at::Tensor>> clip_groups_;
  config::OptimizerConfig config_;
  double clip_norm_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
};

}  // namespace interlock::training
