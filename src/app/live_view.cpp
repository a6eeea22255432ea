#include "app/live_view.h"

#include <algorithm>
#include <unistd.h>

#include <fmt/format.h>

#include "common/clock.h"
#include "common/log_file.h"
#include "watch/words.h"

namespace interlock::app {

using coordinator::LiveRank;

void open_rank_log(const config::Config& config, Rank rank) {
  open_log_file(fmt::format("{}/logs/rank-{}.log", config.run.dir, index(rank)));
  if (rank == kCoordinator) return;
  const Place place = config.partition.placement().place_of(rank);
  note_in_log_file(fmt::format("stage {}, replica {}", place.stage, place.replica));
}

std::vector<LiveRank> live_ranks(const watch::Watcher& watcher) {
  const std::vector<watch::RankStatus> statuses = watcher.statuses();
  const watch::Cast cast = watcher.cast();
  const int count = static_cast<int>(statuses.size());
  const double now = monotonic_seconds();
  std::vector<LiveRank> ranks;
  for (int rank = 0; rank < count; ++rank) {
    const watch::RankStatus& status = statuses[static_cast<std::size_t>(rank)];
    const Activity& activity = status.activity;
    LiveRank live;
    live.rank = rank;
    if (rank != index(kCoordinator) && cast.is_known(count)) {
      const Place place = cast.placement.place_of(Rank{rank});
      live.stage = place.stage;
      live.replica = place.replica;
    }
    live.host = status.host;
    live.pid = activity.pid;
    live.phase = watch::phase_name(activity.phase);
    live.step = activity.step;
    live.action = watch::action_name(activity.action);
    live.micro_batch = live.action.empty() ? -1 : activity.micro_batch;
    live.waiting_for = watch::waiting_for(status, cast, count, rank);
    live.waiting_for_rank = std::max(-1, activity.peer);
    live.seconds = std::max(0.0, now - activity.since);
    live.silent_seconds = std::max(0.0, now - status.heard);
    live.saving_step = std::max<std::int64_t>(-1, activity.saving_step);
    ranks.push_back(live);
  }
  return ranks;
}

std::vector<LiveRank> live_process() {
  LiveRank live;
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  live.host = host;
  live.pid = static_cast<int>(getpid());
  live.phase = "training";
  return {live};
}

}  // namespace interlock::app
