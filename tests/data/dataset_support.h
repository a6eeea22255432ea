#pragma once
// What tests ask any data set.

#include <cstdint>
#include <numeric>
#include <vector>

#include "data/dataset.h"

namespace interlock::test {

using Numbers = std::vector<std::int64_t>;

inline Numbers all_of(std::int64_t samples) {
  Numbers all(static_cast<std::size_t>(samples));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

// The class numbers of all samples, in order.
inline Numbers targets_of(const data::Dataset& dataset) {
  const at::Tensor targets = dataset.load(all_of(dataset.size()), 0).targets;
  const auto* first = targets.const_data_ptr<std::int64_t>();
  return {first, first + targets.numel()};
}

}  // namespace interlock::test
