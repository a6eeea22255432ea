#pragma once
// A layer: the smallest unit a network can be cut at. To add one, write src/models/layers/<name>.cpp and one
// line in layers/layer_list.inc (docs/models.md walks through it).

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "config/layer_spec.h"

namespace interlock::models {

using Shape = std::vector<std::int64_t>;  // of one sample, without the batch dimension

std::int64_t element_count(const Shape& shape);
Shape batched(Shape sample, std::int64_t samples);  // with the batch dimension

// Why an input does not fit a layer; whoever knows the layer's number and place adds them.
class ShapeMismatch : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What the replicas of a stage tell each other during a forward or backward pass (synchronised batch norm).
class ReplicaExchange {
 public:
  virtual ~ReplicaExchange() = default;
  // Everyone's vector, [replicas, n], in the replicas' order. Collective: all replicas call it in the same
  // order, with vectors of one length.
  [[nodiscard]] virtual at::Tensor gather(const at::Tensor& own) const = 0;
};

// What a forward pass must know besides its input.
struct ForwardContext {
  bool training = false;
  // Derived from (seed, epoch, step, micro-batch); together with `layer` it seeds dropout, so that a mask
  // depends on neither the cut nor the timing.
  std::uint64_t dropout_seed = 0;
  std::uint64_t layer = 0;  // number in the whole network; heads count from kFirstHeadLayer
  // The same forward a second time, for its graph (training.recompute): nothing that counts or averages over
  // batches may be touched again.
  bool recomputing = false;
  // The input is rows first_row .. of a micro-batch of so many samples, a replica's part; 0: all of it.
  std::int64_t first_row = 0;
  std::int64_t micro_batch_samples = 0;
  const ReplicaExchange* replicas = nullptr;  // set where batch norm's statistics are over all replicas
};

class Layer : public torch::nn::Module {
 public:
  // Shape of the output for an input of shape `in`. Throws ShapeMismatch. Called before any forward.
  [[nodiscard]] virtual Shape output_shape(const Shape& in) const = 0;

  // x: [n, in...]. Must not change x: it may be the activation another stage sent, or be kept for backward.
  virtual at::Tensor forward(const at::Tensor& x, const ForwardContext& context) = 0;

  // Draws the initial weights from torch's default CPU generator, which the caller has seeded for this layer.
  virtual void initialise() {}

  // A matrix that all such layers of a network have in common (token embedding and output projection), each
  // with a copy of its own; undefined for most. docs/models.md, "Tied weights".
  [[nodiscard]] virtual at::Tensor tied_weight() const { return {}; }

  // Elements kept for backward per sample: an estimate for `check`. Default: the output.
  [[nodiscard]] virtual std::int64_t activation_elements(const Shape& in) const {
    return element_count(output_shape(in));
  }
};

using LayerPtr = std::shared_ptr<Layer>;

}  // namespace interlock::models
