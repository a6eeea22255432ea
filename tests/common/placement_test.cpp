#include "common/placement.h"

#include "support/catch.h"

namespace interlock {

TEST_CASE("without replicas stage k is rank k + 1", "[placement]") {
  const Placement placement(4, {1});
  CHECK(placement.ranks() == 5);
  CHECK_FALSE(placement.replicated());
  for (int stage = 0; stage < 4; ++stage) {
    CHECK(placement.rank_of({stage, 0}) == Rank{stage + 1});
    CHECK(placement.place_of(Rank{stage + 1}) == Place{stage, 0});
  }
}

TEST_CASE("every worker rank has one place, and places lead back to their rank", "[placement]") {
  const Placement placement(3, {2, 1, 4});
  CHECK(placement.ranks() == 8);
  CHECK(placement.replicated());
  CHECK(placement.replicas(0) == 2);
  CHECK(placement.replicas(2) == 4);
  int rank = 1;
  for (int stage = 0; stage < 3; ++stage) {
    for (int replica = 0; replica < placement.replicas(stage); ++replica, ++rank) {
      CHECK(placement.rank_of({stage, replica}) == Rank{rank});
      CHECK(placement.place_of(Rank{rank}) == Place{stage, replica});
    }
  }
}

TEST_CASE("parts of a micro-batch cover it once, in order, and differ by one sample at most", "[placement]") {
  for (const std::int64_t samples : {0, 1, 2, 5, 7, 8}) {
    for (const int replicas : {1, 2, 3, 5}) {
      std::int64_t next = 0;
      for (int replica = 0; replica < replicas; ++replica) {
        const SampleRange part = part_of(samples, replica, replicas);
        CHECK(part.begin == next);
        CHECK(part.size() >= samples / replicas);
        CHECK(part.size() <= (samples + replicas - 1) / replicas);
        next = part.end;
      }
      CHECK(next == samples);
    }
  }
}

TEST_CASE("what two ranges have in common is their overlap, or empty", "[placement]") {
  CHECK(common_part({0, 4}, {2, 6}).begin == 2);
  CHECK(common_part({0, 4}, {2, 6}).end == 4);
  CHECK(common_part({0, 2}, {2, 4}).size() == 0);
  CHECK(common_part({0, 1}, {3, 4}).size() == 0);
}

}  // namespace interlock
