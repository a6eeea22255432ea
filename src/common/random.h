#pragma once
// Counter-based randomness: every draw is a pure function of named integers, so nothing depends on how many
// ranks, threads or calls came before (design rule: dropout, augmentation and order depend on the seed
// alone).

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace interlock {

// What a derived seed is for; part of the key, so that two uses never share a stream.
enum class SeedPurpose : std::uint64_t {
  kLayerWeights = 1,
  kHeadWeights = 2,
  kSampleOrder = 3,
  kAugmentation = 4,
  kDropout = 5,
  kSyntheticData = 6,
  kTiedWeights = 7,
  kHoldout = 8,
  kTextWindow = 9,
  kGeneration = 10,
};

// Mixes a seed with a purpose and any number of indices (epoch, step, micro-batch, layer, ...) into 64 good
// bits.
std::uint64_t derive_seed(std::uint64_t seed, SeedPurpose purpose,
                          std::initializer_list<std::uint64_t> indices);

// SplitMix64 (Steele, Lea and Flood, 2014): what it draws is a mix of seed + n x kGamma for n = 1, 2, ..., so
// that any of its numbers can be had without those before it. Its constants, for who computes it elsewhere.
struct SplitMixConstants {
  static constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15ULL;
  static constexpr std::uint64_t kFirstFactor = 0xbf58476d1ce4e5b9ULL;
  static constexpr std::uint64_t kSecondFactor = 0x94d049bb133111ebULL;
  static constexpr int kFirstShift = 30;
  static constexpr int kSecondShift = 27;
  static constexpr int kLastShift = 31;
};

// Its mix: every bit of the result depends on every bit of z.
inline std::uint64_t split_mix(std::uint64_t z) {
  using C = SplitMixConstants;
  z = (z ^ (z >> C::kFirstShift)) * C::kFirstFactor;
  z = (z ^ (z >> C::kSecondShift)) * C::kSecondFactor;
  return z ^ (z >> C::kLastShift);
}

// The number that SplitMix64(seed) gives at its call `index`, from 0.
inline std::uint64_t random_at(std::uint64_t seed, std::uint64_t index) {
  return split_mix(seed + (index + 1) * SplitMixConstants::kGamma);
}

// A tiny generator for data and shuffles; the same numbers on every platform, unlike <random>'s
// distributions.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t next() { return random_at(seed_, drawn_++); }
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound); REQUIRES bound > 0
  double uniform();                          // [0, 1)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

 private:
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
};

// A permutation of 0 .. size-1 (Fisher-Yates).
std::vector<std::int64_t> random_permutation(std::int64_t size, std::uint64_t seed);

}  // namespace interlock
