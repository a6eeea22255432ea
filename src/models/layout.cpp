#include "models/layout.h"

#include <torch/types.h>

namespace interlock::models {
namespace {

bool is_image(at::IntArrayRef sizes) {
  return sizes.size() == 4;
}

}  // namespace

std::vector<std::int64_t> contiguous_sizes(const std::vector<std::int64_t>& sizes) {
  if (!is_image(sizes)) return sizes;
  return {sizes[0], sizes[2], sizes[3], sizes[1]};
}

at::Tensor as_contiguous(const at::Tensor& in_layout) {
  return is_image(in_layout.sizes()) ? in_layout.permute({0, 2, 3, 1}) : in_layout;
}

at::Tensor from_contiguous(const at::Tensor& contiguous) {
  return is_image(contiguous.sizes()) ? contiguous.permute({0, 3, 1, 2}) : contiguous;
}

at::Tensor in_compute_layout(const at::Tensor& x) {
  const at::Tensor plain = x.detach();
  if (!is_image(plain.sizes())) return plain.contiguous();
  // Compared stride by stride: a dimension of size 1 leaves torch's own test undecided, but not its kernels.
  const std::int64_t channels = plain.size(1), height = plain.size(2), width = plain.size(3);
  const std::int64_t strides[] = {height * width * channels, 1, width * channels, channels};
  if (plain.strides() == at::IntArrayRef(strides)) return plain;
  return from_contiguous(torch::empty(contiguous_sizes(plain.sizes().vec()), plain.options())).copy_(plain);
}

}  // namespace interlock::models
