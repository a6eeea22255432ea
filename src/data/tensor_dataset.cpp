#include "data/tensor_dataset.h"

#include <algorithm>
#include <utility>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include "common/error.h"

namespace interlock::data {

TensorDataset::TensorDataset(at::Tensor inputs, at::Tensor targets)
    : inputs_(std::move(inputs)), targets_(std::move(targets)) {
  INTERLOCK_CHECK(inputs_.size(0) == targets_.size(0),
                  fmt::format("{} inputs, {} targets", inputs_.size(0), targets_.size(0)));
}

Batch TensorDataset::load(const std::vector<std::int64_t>& samples, std::int64_t /*epoch*/) const {
  for (const std::int64_t sample : samples) {
    INTERLOCK_CHECK(sample >= 0 && sample < size(), fmt::format("sample {} of {}", sample, size()));
  }
  const at::Tensor rows =
      at::empty({static_cast<std::int64_t>(samples.size())}, at::TensorOptions(at::kLong));
  std::copy(samples.begin(), samples.end(), rows.mutable_data_ptr<std::int64_t>());
  return {inputs_.index_select(0, rows), targets_.index_select(0, rows)};
}

}  // namespace interlock::data
