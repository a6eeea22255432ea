#pragma once
// Gradients of several losses through one graph in a single pass: the passes differ in the output gradient
// alone, so each operation can run once on all of them stacked. Few large operations instead of many small
// ones: quicker where a layer's weights weigh more than its activations (docs/results.md).

#include <vector>

#include <ATen/core/Tensor.h>

namespace interlock::worker {

// [i] = (d output / d input)^T output_gradients[i]. Keeps the graph. All output gradients have one shape.
std::vector<at::Tensor> stacked_input_gradients(const at::Tensor& output, const at::Tensor& input,
                                                const std::vector<at::Tensor>& output_gradients);

}  // namespace interlock::worker
