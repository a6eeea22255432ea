#include "common/random.h"

#include <numeric>
#include <utility>

namespace interlock {
namespace {

constexpr std::uint64_t kGamma = SplitMixConstants::kGamma;

}  // namespace

std::uint64_t derive_seed(std::uint64_t seed, SeedPurpose purpose,
                          std::initializer_list<std::uint64_t> indices) {
  std::uint64_t state = split_mix(seed + kGamma) ^ split_mix(static_cast<std::uint64_t>(purpose) * kGamma);
  for (const std::uint64_t index : indices) state = split_mix(state + kGamma) ^ split_mix(index + 2 * kGamma);
  return split_mix(state + kGamma);
}

std::uint64_t SplitMix64::below(std::uint64_t bound) {
  // Multiply-shift: bias below 2^-32 for the bounds used here, and no division.
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
}

double SplitMix64::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

std::vector<std::int64_t> random_permutation(std::int64_t size, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  SplitMix64 random(seed);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace interlock
