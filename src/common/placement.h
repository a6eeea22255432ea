#pragma once
// Which rank is which: the coordinator is rank 0, then come the replicas of stage 0, those of stage 1 and so
// on. Written here and nowhere else. Replicas of a stage split each micro-batch into parts, in their order.

#include <cstdint>
#include <vector>

#include "common/ids.h"

namespace interlock {

// One replica of a stage.
struct Place {
  int stage = 0;
  int replica = 0;
  [[nodiscard]] bool operator==(const Place& other) const {
    return stage == other.stage && replica == other.replica;
  }
};

// Samples begin .. end-1 of a micro-batch.
struct SampleRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  [[nodiscard]] std::int64_t size() const { return end - begin; }
};

// Replica `replica`'s part of a micro-batch of `samples`: equal parts where that divides, else parts that
// differ by one, replica 0's the largest; empty for some where there are fewer samples than replicas.
SampleRange part_of(std::int64_t samples, int replica, int replicas);

// What two ranges have in common; empty (size 0) where nothing.
SampleRange common_part(SampleRange a, SampleRange b);

class Placement {
 public:
  Placement() = default;
  // `replicas`: one number for all stages, or one a stage (the config has checked that).
  Placement(int stages, const std::vector<int>& replicas);

  [[nodiscard]] int stages() const { return static_cast<int>(first_rank_.size()) - 1; }
  [[nodiscard]] int replicas(int stage) const { return first(stage + 1) - first(stage); }
  [[nodiscard]] bool replicated() const { return workers() > stages(); }  // any stage
  [[nodiscard]] int workers() const { return ranks() - 1; }
  [[nodiscard]] int ranks() const { return first_rank_.empty() ? 1 : first_rank_.back(); }

  [[nodiscard]] Rank rank_of(Place place) const { return Rank{first(place.stage) + place.replica}; }
  [[nodiscard]] Place place_of(Rank worker) const;  // REQUIRES a worker's rank

 private:
  [[nodiscard]] int first(int stage) const { return first_rank_[static_cast<std::size_t>(stage)]; }
  std::vector<int> first_rank_;  // [stage], and at the end the number of ranks
};

// Whom a part of a micro-batch comes from, or goes to: calls use(place, rows) for each replica of `stage`
// that has samples in common with `own`'s part of a micro-batch of `samples`, in order. `rows` count from the
// start of own's part.
template <class Use>
void for_each_share(const Placement& placement, Place own, int stage, std::int64_t samples, const Use& use) {
  const SampleRange mine = part_of(samples, own.replica, placement.replicas(own.stage));
  for (int replica = 0; replica < placement.replicas(stage); ++replica) {
    const SampleRange theirs = part_of(samples, replica, placement.replicas(stage));
    const SampleRange rows = common_part(mine, theirs);
    if (rows.size() > 0)
      use(Place{stage, replica}, SampleRange{rows.begin - mine.begin, rows.end - mine.begin});
  }
}

}  // namespace interlock
