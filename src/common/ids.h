#pragma once
// Ranks and stages. The coordinator is rank 0 and stage k is rank k + 1; that shift is written here and
// nowhere else. Stages, micro-batches and losses are plain ints counted from 0 (loss l is the loss of stage
// l).

#include <cstdint>

namespace interlock {

enum class Rank : int {};
inline constexpr Rank kCoordinator{0};

constexpr int index(Rank rank) {
  return static_cast<int>(rank);
}
constexpr Rank rank_of_stage(int stage) {
  return Rank{stage + 1};
}
constexpr int stage_of_rank(Rank rank) {
  return index(rank) - 1;
}
constexpr int ranks_for_stages(int stages) {
  return stages + 1;
}

// In place of a class number: a target that no loss counts, such as padding after a short sequence.
inline constexpr std::int64_t kIgnoredTarget = -100;

}  // namespace interlock
