#pragma once
// What a run shows of itself while it goes on: each rank's log file, and the ranks in live.json.

#include <string>
#include <vector>

#include "common/ids.h"
#include "config/config.h"
#include "coordinator/live_file.h"
#include "watch/watcher.h"

namespace interlock::app {

// <run>/logs/rank-<r>.log, once the run's folder is there and this process's to use.
void open_rank_log(const config::Config& config, Rank rank);

// Every rank, as the coordinator's watcher knows it. Any thread.
std::vector<coordinator::LiveRank> live_ranks(const watch::Watcher& watcher);

// A single process, which plays all stages.
std::vector<coordinator::LiveRank> live_process();

}  // namespace interlock::app
