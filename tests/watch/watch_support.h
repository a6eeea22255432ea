#pragma once
// Ranks as a watcher sees them, made by hand.

#include "comm/control_wait.h"
#include "comm/tag.h"
#include "watch/hang.h"

namespace interlock::watch {

// Everyone last moved at 0 and was heard of at `now`.
inline std::vector<RankStatus> training_ranks(int ranks, std::int64_t step, double now) {
  std::vector<RankStatus> all(static_cast<std::size_t>(ranks));
  for (std::size_t i = 0; i < all.size(); ++i) {
    RankStatus& rank = all[i];
    rank.heard = now;
    rank.here = true;
    rank.host = "host-a";
    rank.activity.pid = 100 + static_cast<int>(i);
    rank.activity.phase = i == 0 ? Phase::kIdle : Phase::kTraining;
    rank.activity.step = i == 0 ? 0 : step;
    if (i == 0) {
      rank.activity.peer = comm::kAnyRank;
      rank.activity.tag = comm::kControlWait;
      rank.activity.since = now;
    }
  }
  return all;
}

inline void at(RankStatus& rank, schedule::ActionKind kind, int micro_batch, int loss = 0) {
  rank.activity.action = static_cast<int>(kind);
  rank.activity.micro_batch = micro_batch;
  rank.activity.loss = loss;
}

inline void waits_for(RankStatus& rank, int peer, comm::Tag tag) {
  rank.activity.peer = peer;
  rank.activity.tag = tag.value();
}

inline void waits_for_orders(RankStatus& rank) {
  rank.activity.phase = Phase::kIdle;
  rank.activity.peer = 0;
  rank.activity.tag = comm::kControlWait;
}

}  // namespace interlock::watch
