#pragma once
// The memory layout that stages compute in. Images and their gradients are held channels-last: convolution
// and batch norm are quicker on a CPU that way (docs/results.md), and on accelerators with tensor cores.
//
// Kernels choose by strides, and another kernel may add in another order. So that ranks, oracle and whatever
// the cut is agree to the last bit, everything that enters a stage goes through here: sample data,
// activations, gradients.

#include <vector>

#include <ATen/core/Tensor.h>

namespace interlock::models {

// `x` with exactly the strides of its layout; itself where it has them. No autograd history.
at::Tensor in_compute_layout(const at::Tensor& x);

// The same memory as a contiguous tensor, and back: what travels between ranks.
at::Tensor as_contiguous(const at::Tensor& in_layout);
at::Tensor from_contiguous(const at::Tensor& contiguous);
// Sizes of as_contiguous() for a tensor of these sizes.
std::vector<std::int64_t> contiguous_sizes(const std::vector<std::int64_t>& sizes);

}  // namespace interlock::models
