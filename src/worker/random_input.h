#pragma once
// Data to time a stage with.

#include <torch/types.h>

#include "models/layer.h"

namespace interlock::worker {

// [samples, sample...]; `integer`: class numbers or tokens, all 0, which every layer knows.
inline at::Tensor random_input(const models::Shape& sample, std::int64_t samples, bool integer) {
  const models::Shape shape = models::batched(sample, samples);
  return integer ? torch::zeros(shape, torch::kLong) : torch::randn(shape);
}

}  // namespace interlock::worker
