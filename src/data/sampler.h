#pragma once
// Which samples make up which batch: pure arithmetic from the seed, the same on every rank (and with no
// torch).

#include <cstdint>
#include <vector>

namespace interlock::data {

// Number of optimizer steps in an epoch.
std::int64_t steps_per_epoch(std::int64_t samples, std::int64_t batch_size, bool drop_last);

// One epoch's order of samples. `epoch` counts from 0.
std::vector<std::int64_t> epoch_order(std::int64_t samples, bool shuffle, std::uint64_t seed,
                                      std::int64_t epoch);

// A batch of `batch_samples` cut into micro-batches of `micro_batch_size`, the last one ragged: their sizes
// in order.
std::vector<std::int64_t> micro_batch_sizes(std::int64_t batch_samples, std::int64_t micro_batch_size);

}  // namespace interlock::data
