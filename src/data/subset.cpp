#include "data/subset.h"

#include <utility>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::data {

Subset::Subset(std::shared_ptr<const Dataset> whole, std::vector<std::int64_t> samples)
    : whole_(std::move(whole)), samples_(std::move(samples)) {
  for (const std::int64_t sample : samples_) {
    INTERLOCK_CHECK(sample >= 0 && sample < whole_->size(),
                    fmt::format("sample {} of {}", sample, whole_->size()));
  }
}

Batch Subset::load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const {
  std::vector<std::int64_t> numbers;
  numbers.reserve(samples.size());
  for (const std::int64_t sample : samples) {
    INTERLOCK_CHECK(sample >= 0 && sample < size(), fmt::format("sample {} of {}", sample, size()));
    numbers.push_back(samples_[static_cast<std::size_t>(sample)]);
  }
  return whole_->load(numbers, epoch);
}

}  // namespace interlock::data
