#pragma once
// One optimizer step of many parameters in few passes over memory: ATen's fused optimizers, which CPUs and
// accelerators both have. The same arithmetic as torch.optim's, to rounding.

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "config/config.h"

namespace interlock::training {

// A parameter and what the optimizer remembers about it, laid out in memory as the parameter is.
struct ParameterState {
  std::string name;
  at::Tensor parameter;
  bool decays = true;
  at::Tensor first;        // SGD: momentum (none with momentum 0); Adam: running mean of gradients
  at::Tensor second;       // Adam: running mean of their squares
  std::int64_t steps = 0;  // Adam: taken so far
};

// Makes what a first step remembers, all zeros, where there is nothing yet.
void begin_state(ParameterState& state, const config::OptimizerConfig& config);

// One step of each parameter that has a gradient. Gradients are divided by `divisor`, a float32 scalar on
// their device, first, and stay so in .grad; undefined for 1. A gradient that is laid out another way than
// its parameter is replaced by one that is laid out alike: fused kernels refuse it, or do not look.
// REQUIRES no gradient mode.
void fused_step(const std::vector<ParameterState*>& states, const config::OptimizerConfig& config,
                double learning_rate, const at::Tensor& divisor);

}  // namespace interlock::training
