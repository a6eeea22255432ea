#pragma once
// Some samples of another data set, under numbers of their own.

#include <cstdint>
#include <memory>
#include <vector>

#include "data/dataset.h"

namespace interlock::data {

// Augmentation draws from the number in the whole set.
class Subset : public Dataset {
 public:
  // `samples`: numbers in `whole`; this set's sample i is whole's samples[i].
  Subset(std::shared_ptr<const Dataset> whole, std::vector<std::int64_t> samples);

  [[nodiscard]] std::int64_t size() const override { return static_cast<std::int64_t>(samples_.size()); }
  [[nodiscard]] Batch load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const override;

 private:
  std::shared_ptr<const Dataset> whole_;
  std::vector<std::int64_t> samples_;
};

}  // namespace interlock::data
