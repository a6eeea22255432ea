#pragma once
// Buffers for arriving messages, used again as soon as nobody holds them: after the first batches no memory
// is allocated for messages.
//
// Owns: one tensor for every buffer that was ever needed at the same time. Threads: one.

#include <map>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace interlock::worker {

class BufferPool {
 public:
  // An uninitialised contiguous tensor. It returns to the pool by itself when the last tensor that shares
  // its memory, an autograd graph's included, is gone.
  at::Tensor take(const std::vector<std::int64_t>& sizes, at::ScalarType type, at::Device device = at::kCPU);

  [[nodiscard]] std::size_t buffers() const;

 private:
  std::map<std::pair<std::vector<std::int64_t>, at::ScalarType>, std::vector<at::Tensor>> buffers_;
};

}  // namespace interlock::worker
