#include "worker/buffer_pool.h"

#include <torch/types.h>

namespace interlock::worker {

at::Tensor BufferPool::take(const std::vector<std::int64_t>& sizes, at::ScalarType type, at::Device device) {
  std::vector<at::Tensor>& same = buffers_[{sizes, type}];
  for (const at::Tensor& buffer : same) {
    if (buffer.storage().use_count() == 1) return buffer.detach();  // ours alone
  }
  same.push_back(torch::empty(sizes, at::TensorOptions().dtype(type).device(device)));
  return same.back().detach();
}

std::size_t BufferPool::buffers() const {
  std::size_t count = 0;
  for (const auto& [kind, same] : buffers_) count += same.size();
  return count;
}

}  // namespace interlock::worker
