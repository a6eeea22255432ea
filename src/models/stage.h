#pragma once
// One stage: its main layers f_k with weights theta_k, and its head q_k with weights phi_k where it has one.
// Pure model: no ranks, no schedule, no optimizer.

#include <optional>

#include "models/blueprint.h"
#include "models/layer_sequence.h"

namespace interlock::models {

class Stage {
 public:
  // Initial weights depend on the seed and the layers' numbers in the whole network, not on the cut.
  Stage(const StageBlueprint& blueprint, std::uint64_t seed);

  // Moves all parameters and buffers in place: whoever holds one still holds it. Call before training: what
  // gradients there are are forgotten.
  void to(at::Device device);

  [[nodiscard]] int number() const { return blueprint_.stage; }
  [[nodiscard]] const StageBlueprint& blueprint() const { return blueprint_; }
  [[nodiscard]] bool has_head() const { return head_.has_value(); }

  [[nodiscard]] const LayerSequence& main() const { return main_; }   // f_k
  [[nodiscard]] const LayerSequence& head() const { return *head_; }  // q_k; REQUIRES has_head()

  // Parameters, then buffers, of main and then head, under the names that checkpoints and `export` use.
  [[nodiscard]] NamedTensors state() const;

  // Copies of the tied matrix, of main and then head.
  [[nodiscard]] std::vector<at::Tensor> tied_weights() const;

 private:
  StageBlueprint blueprint_;
  LayerSequence main_;
  std::optional<LayerSequence> head_;
};

}  // namespace interlock::models
