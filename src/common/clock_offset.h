#pragma once
// Clocks of different hosts, compared: whoever asks notes when, the other says what its clock shows, and the
// answer's arrival is noted too. The other clock was read somewhere in between; the quickest of several round
// trips says most exactly where.

#include <cstdint>
#include <vector>

namespace interlock {

// The clock of monotonic_seconds(), in nanoseconds.
std::int64_t monotonic_nanoseconds();

// All in nanoseconds: `there` by the other's clock, the others by the own one.
struct RoundTrip {
  std::int64_t sent = 0;
  std::int64_t there = 0;
  std::int64_t received = 0;
};

struct ClockOffset {
  std::int64_t at = 0;           // by the own clock: when it was so
  std::int64_t nanoseconds = 0;  // the other's clock minus the own one
  std::int64_t uncertainty = 0;  // at most so far from the truth: half the round trip
};

// Of the quickest round trip. REQUIRES one or more.
ClockOffset clock_offset(const std::vector<RoundTrip>& trips);

}  // namespace interlock
