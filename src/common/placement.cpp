#include "common/placement.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock {

SampleRange part_of(std::int64_t samples, int replica, int replicas) {
  const auto first = [&](std::int64_t r) { return (samples * r + replicas - 1) / replicas; };
  return {first(replica), first(replica + 1)};
}

SampleRange common_part(SampleRange a, SampleRange b) {
  const std::int64_t begin = std::max(a.begin, b.begin);
  return {begin, std::max(begin, std::min(a.end, b.end))};
}

Placement::Placement(int stages, const std::vector<int>& replicas) {
  INTERLOCK_CHECK(replicas.size() == 1 || replicas.size() == static_cast<std::size_t>(stages),
                  fmt::format("{} numbers of replicas for {} stages", replicas.size(), stages));
  int next = index(kCoordinator) + 1;
  for (int stage = 0; stage < stages; ++stage) {
    first_rank_.push_back(next);
    next += replicas.size() == 1 ? replicas.front() : replicas[static_cast<std::size_t>(stage)];
  }
  first_rank_.push_back(next);
}

Place Placement::place_of(Rank worker) const {
  INTERLOCK_CHECK(index(worker) > index(kCoordinator) && index(worker) < ranks(),
                  fmt::format("rank {} is no worker", index(worker)));
  const auto above = std::upper_bound(first_rank_.begin(), first_rank_.end(), index(worker));
  const int stage = static_cast<int>(above - first_rank_.begin()) - 1;
  return {stage, index(worker) - first(stage)};
}

}  // namespace interlock
