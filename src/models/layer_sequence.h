#pragma once
// A run of layers with names and initial weights that do not depend on where the network is cut.

#include <string>
#include <utility>
#include <vector>

#include "common/random.h"
#include "config/config.h"
#include "models/layer.h"

namespace interlock::models {

// Heads draw dropout from other streams than main layers do.
inline constexpr std::uint64_t kFirstHeadLayer = std::uint64_t{1} << 32;

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

class LayerSequence {
 public:
  // Builds the layers and initialises each from its own seed (seed, purpose, group, number), so layer i of a
  // network starts the same on every cut. Tensors are called "<prefix>.<number>.<name>", numbers counting
  // from `first_number`. forward() computes in `precision`, on whatever device its input is.
  LayerSequence(const std::vector<config::LayerSpec>& specs, const std::string& prefix, int first_number,
                std::uint64_t seed, SeedPurpose purpose, std::uint64_t group,
                config::Precision precision = config::Precision::kFloat32);

  // The layers where `frozen` stop learning: their weights ask for no gradient, and they run as in evaluation
  // (batch norm with its running statistics, no dropout).
  void freeze(const std::vector<bool>& frozen);

  // Moves parameters and buffers in place: all handles to them stay good. Forgets gradients.
  void to(at::Device device);

  [[nodiscard]] at::Tensor forward(const at::Tensor& x, ForwardContext context) const;

  [[nodiscard]] const NamedTensors& parameters() const { return parameters_; }
  [[nodiscard]] const NamedTensors& buffers() const { return buffers_; }
  [[nodiscard]] std::vector<at::Tensor> parameter_list() const;  // those that learn
  // This sequence's copies of the tied matrix, in the order of the layers; also among the parameters.
  [[nodiscard]] const std::vector<at::Tensor>& tied_weights() const { return tied_weights_; }

 private:
  std::vector<LayerPtr> layers_;
  std::vector<bool> frozen_;
  std::uint64_t first_layer_id_;
  config::Precision precision_;
  NamedTensors parameters_;
  NamedTensors buffers_;
  std::vector<at::Tensor> tied_weights_;
};

}  // namespace interlock::models
