#include "common/clock_offset.h"

#include <algorithm>
#include <chrono>

#include "common/error.h"

namespace interlock {

std::int64_t monotonic_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

ClockOffset clock_offset(const std::vector<RoundTrip>& trips) {
  INTERLOCK_CHECK(!trips.empty(), "no round trip to compare clocks by");
  const auto takes = [](const RoundTrip& trip) { return trip.received - trip.sent; };
  const RoundTrip& best = *std::min_element(
      trips.begin(), trips.end(), [&](const auto& a, const auto& b) { return takes(a) < takes(b); });
  ClockOffset offset;
  offset.at = best.sent + takes(best) / 2;
  offset.nanoseconds = best.there - offset.at;
  offset.uncertainty = (takes(best) + 1) / 2;
  return offset;
}

}  // namespace interlock
