#pragma once
// Samples that are rows of two tensors in memory.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "data/dataset.h"

namespace interlock::data {

class TensorDataset : public Dataset {
 public:
  // REQUIRES the same first dimension; tensors contiguous on the CPU, of the types Batch promises.
  TensorDataset(at::Tensor inputs, at::Tensor targets);

  [[nodiscard]] std::int64_t size() const override { return inputs_.size(0); }
  [[nodiscard]] Batch load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const override;

 private:
  at::Tensor inputs_;
  at::Tensor targets_;
};

}  // namespace interlock::data
