#pragma once
// Which elements dropout keeps: a function of named integers alone, the same on every device, however the
// elements are laid out and however many replicas share them.
//
// Element i of a micro-batch, counted in the order of models/layout.h (samples outermost), is kept where the
// number that SplitMix64(seed) draws at its call i, read as a signed integer, lies below the threshold that
// the probability `keep` of them does.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace interlock::models {

struct DropoutDraw {
  std::uint64_t seed = 0;
  double keep = 1;             // probability, in (0, 1]
  std::int64_t first_row = 0;  // of the micro-batch: the mask's row 0
};

// float32 on `device`, of these sizes and in their compute layout: 1 / keep where kept, else 0.
at::Tensor dropout_mask(const std::vector<std::int64_t>& sizes, const DropoutDraw& draw, at::Device device);

// The two ways to the same numbers. On the CPU one loop; elsewhere integer operators of LibTorch, ten kernels.
// Flat float32 masks of elements first .. first + count.
at::Tensor looped_dropout_mask(std::int64_t first, std::int64_t count, const DropoutDraw& draw);
at::Tensor composed_dropout_mask(std::int64_t first, std::int64_t count, const DropoutDraw& draw,
                                 at::Device device);

}  // namespace interlock::models
