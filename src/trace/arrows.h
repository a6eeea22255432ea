#pragma once
// Which send a message's arrival belongs to.

#include <cstddef>
#include <vector>

#include "trace/rank_trace.h"

namespace interlock::trace {

// Places in the list of ranks, and in their records.
struct Arrow {
  std::size_t from = 0;
  std::size_t sent = 0;
  std::size_t to = 0;
  std::size_t arrived = 0;
};

// Sends and arrivals of the same message; of messages that look alike, in the order in which they were sent
// and taken. What has only one end (the other rank's file is missing) is left out.
std::vector<Arrow> arrows_of(const std::vector<RankTrace>& ranks);

}  // namespace interlock::trace
