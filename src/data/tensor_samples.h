#pragma once
// data.kind tensors: reads and checks the `inputs` and `targets` of a safetensors file.

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "config/config.h"

namespace interlock::data {

struct TensorSamples {
  at::Tensor inputs;   // [S, ...] float32 or int64, S >= 1, contiguous, CPU
  at::Tensor targets;  // [S], or [S, ...] one a position, int64 for cross_entropy; else [S, ...] float32
  std::int64_t classes = 0;  // largest target + 1 for cross_entropy, else 0
  std::int64_t tokens = 0;   // largest input + 1 of int64 inputs, else 0
};

// Inputs: float types and uint8 become float32, int64 and int32 become int64 (tokens). Targets of
// cross_entropy are whole numbers from 0 (one a position may also be kIgnoredTarget), those of
// mean_squared_error float types. Errors: DataError with the file, the tensor and, for a bad target, its
// sample.
TensorSamples read_tensor_samples(const std::string& path, config::LossKind loss);

// That `eval` can be fed to a model made for `train`: same kind and shape of sample, no class that train
// lacks.
void check_eval_fits(const std::string& eval_path, const TensorSamples& eval, const TensorSamples& train);

}  // namespace interlock::data
