#pragma once
// Finds out that nothing will go on any more, and whose fault that is: the rank that does something for too
// long, the message that never came, or those that wait for each other. A rank that only waits is never the
// one to blame, and nothing is a hang before somebody has stood still for longer than its limit.
//
// Threads: one. No clock of its own: the same calls give the same answers.

#include <cstdint>
#include <optional>
#include <vector>

#include "watch/rank_status.h"

namespace interlock::watch {

struct Hang {
  enum class Kind {
    kSilent,  // no heartbeat: the whole process stands still
    kStuck,   // the same action for too long
    kSaving,  // writing a checkpoint in the background
    kLost,    // `rank` has sent, or should have, what `waiting` waits for
    kCircle,  // `rank` and `waiting` (and others) wait for each other
  };
  Kind kind = Kind::kStuck;
  int rank = 0;
  int waiting = kNothing;
  double seconds = 0;  // for how long
};

class HangFinder {
 public:
  // Looks at all ranks, [rank]; call it every so often.
  std::optional<Hang> look(const std::vector<RankStatus>& ranks, const Cast& cast, const Limits& limits,
                           double now);

 private:
  struct Passed {  // the sender of what this rank waits for has gone on
    std::uint64_t changes = 0;
    double since = 0;
  };
  std::optional<Hang> find_lost(const std::vector<RankStatus>& ranks, const Cast& cast, const Limits& limits,
                                double now);
  std::vector<std::optional<Passed>> passed_;  // [rank]
};

// Whether `sender` is beyond the point where it sends the message that `waiting` waits for.
bool has_passed(const std::vector<RankStatus>& ranks, const Cast& cast, int sender, int waiting);

}  // namespace interlock::watch
