#pragma once
// training.precision: what layers compute in, and what passes from stage to stage. Weights, their gradients
// and optimizer state are float32 whatever it is.

#include <ATen/core/Tensor.h>

#include "config/config.h"

namespace interlock::models {

// While it lives, operations on this kind of device compute in `precision`: autocast. It is the calling
// thread's alone, may stand inside another (the inner one counts, float32 included), and leaves everything as
// it found it. Casts of weights are kept for as long as the outermost one lives, so none must outlive an
// update.
class AutocastScope {
 public:
  AutocastScope(c10::DeviceType device, config::Precision precision);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  c10::DeviceType device_;
  bool does_something_;
  bool enabled_before_ = false;
  at::ScalarType type_before_ = at::kFloat;
};

// What activations and gradients are between two stages: of this type as messages, of that type when they
// enter a stage. A stage takes bfloat16 where messages and layers both are bfloat16, and float32 else.
at::ScalarType wire_type(const config::Config& config);
at::ScalarType boundary_type(const config::Config& config);

// To a message and back. Strides are kept; integers (tokens) pass as they are; no autograd history.
at::Tensor to_wire(const at::Tensor& x, const config::Config& config);
at::Tensor from_wire(const at::Tensor& x, const config::Config& config);

// Exactly what the neighbour has of an activation or a gradient once it has come.
at::Tensor through_wire(const at::Tensor& x, const config::Config& config);

}  // namespace interlock::models
