#include "common/random.h"

#include <numeric>
#include <utility>

namespace interlock {
namespace {

constexpr std::uint64_t kGoldenGamma = SplitMixConstants::kGamma;

// random_at's last steps, of a number that is not counted.
std::uint64_t mix(std::uint64_t z) {
  return random_at(z - kGoldenGamma, 0);
}

}  // namespace

std::uint64_t derive_seed(std::uint64_t seed, SeedPurpose purpose,
                          std::initializer_list<std::uint64_t> indices) {
  std::uint64_t state = mix(seed + kGoldenGamma) ^ mix(static_cast<std::uint64_t>(purpose) * kGoldenGamma);
  for (const std::uint64_t index : indices) state = mix(state + kGoldenGamma) ^ mix(index + 2 * kGoldenGamma);
  return mix(state + kGoldenGamma);
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
