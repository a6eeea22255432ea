#pragma once
// What every rank's clock shows, compared with the coordinator's.

#include <string>
#include <vector>

#include "comm/progress_engine.h"
#include "common/clock_offset.h"

namespace interlock::comm {

struct RankClock {
  std::string host;     // for people
  std::string machine;  // the same for ranks that share a clock: one machine since it was started
  ClockOffset offset;   // to the coordinator's
};

// Collective over all ranks; a fraction of a millisecond a rank where nothing is in the way. On the
// coordinator: of all ranks, its own first; elsewhere empty. REQUIRES an otherwise quiet control channel, as
// agree() does.
std::vector<RankClock> compare_clocks(ProgressEngine& engine);

}  // namespace interlock::comm
