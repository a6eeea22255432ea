#pragma once
// Ranks. Which rank runs what is in placement.h. Stages, micro-batches and losses are plain ints counted from
// 0 (loss l is the loss of stage l).

#include <cstdint>

namespace interlock {

enum class Rank : int {};
inline constexpr Rank kCoordinator{0};

constexpr int index(Rank rank) {
  return static_cast<int>(rank);
}

// In place of a class number: a target that no loss counts, such as padding after a short sequence.
inline constexpr std::int64_t kIgnoredTarget = -100;

}  // namespace interlock
