#include "data/sampler.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "common/error.h"
#include "common/random.h"

namespace interlock::data {

std::int64_t steps_per_epoch(std::int64_t samples, std::int64_t batch_size, bool drop_last) {
  INTERLOCK_CHECK(samples >= 0 && batch_size > 0,
                  fmt::format("samples {} batch_size {}", samples, batch_size));
  return samples / batch_size + (!drop_last && samples % batch_size != 0 ? 1 : 0);
}

std::vector<std::int64_t> epoch_order(std::int64_t samples, bool shuffle, std::uint64_t seed,
                                      std::int64_t epoch) {
  INTERLOCK_CHECK(samples >= 0 && epoch >= 0, fmt::format("samples {} epoch {}", samples, epoch));
  if (shuffle) {
    return random_permutation(
        samples, derive_seed(seed, SeedPurpose::kSampleOrder, {static_cast<std::uint64_t>(epoch)}));
  }
  std::vector<std::int64_t> order(static_cast<std::size_t>(samples));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<std::int64_t> micro_batch_sizes(std::int64_t batch_samples, std::int64_t micro_batch_size) {
  INTERLOCK_CHECK(batch_samples >= 0 && micro_batch_size > 0,
                  fmt::format("batch_samples {} micro_batch_size {}", batch_samples, micro_batch_size));
  std::vector<std::int64_t> sizes;
  for (std::int64_t left = batch_samples; left > 0; left -= micro_batch_size) {
    sizes.push_back(std::min(left, micro_batch_size));
  }
  return sizes;
}

}  // namespace interlock::data
