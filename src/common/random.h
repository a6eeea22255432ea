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

// SplitMix64: a tiny generator for data and shuffles; the same numbers on every platform, unlike <random>'s
// distributions.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound); REQUIRES bound > 0
  double uniform();                          // [0, 1)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

 private:
  std::uint64_t state_;
};

// A permutation of 0 .. size-1 (Fisher-Yates).
std::vector<std::int64_t> random_permutation(std::int64_t size, std::uint64_t seed);

}  // namespace interlock
