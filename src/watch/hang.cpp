#include "watch/hang.h"

#include <algorithm>

#include "comm/control_wait.h"

namespace interlock::watch {
namespace {

bool waits(const Activity& activity) {
  return activity.peer != kNothing;
}

double still_for(const RankStatus& rank, double now) {
  return now - rank.activity.since;
}

bool stuck(const RankStatus& rank, const Limits& limits, double now) {
  const double limit = limits.of(rank.activity.phase);
  return limit > 0 && still_for(rank, now) > limit;
}

std::optional<Hang> find_silent(const std::vector<RankStatus>& ranks, const Limits& limits, double now) {
  if (limits.silence <= 0) return std::nullopt;
  std::optional<Hang> found;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const double seconds = now - ranks[i].heard;
    if (ranks[i].dead || seconds <= limits.silence) continue;
    if (!found || seconds > found->seconds)
      found = Hang{Hang::Kind::kSilent, static_cast<int>(i), kNothing, seconds};
  }
  return found;
}

// Of several the first: the others may wait for it in a way that shows in no record.
std::optional<Hang> find_stuck(const std::vector<RankStatus>& ranks, const Limits& limits, double now) {
  std::optional<Hang> found;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const RankStatus& rank = ranks[i];
    const int number = static_cast<int>(i);
    const double saving = now - rank.activity.saving_since;
    if (rank.activity.saving_step != kNothing && limits.checkpoint > 0 && saving > limits.checkpoint)
      return Hang{Hang::Kind::kSaving, number, kNothing, saving};
    if (waits(rank.activity) || !stuck(rank, limits, now)) continue;
    const double seconds = still_for(rank, now);
    if (!found || seconds > found->seconds) found = Hang{Hang::Kind::kStuck, number, kNothing, seconds};
  }
  return found;
}

// Who waits for whom, from `start` on, as long as all have stood still for too long; the first that is met
// twice is in the circle.
std::optional<Hang> find_circle(const std::vector<RankStatus>& ranks, const Limits& limits, double now,
                                int start) {
  std::vector<bool> met(ranks.size(), false);
  for (int at = start;;) {
    const RankStatus& rank = ranks[static_cast<std::size_t>(at)];
    const int peer = rank.activity.peer;
    if (!stuck(rank, limits, now) || peer < 0 || peer >= static_cast<int>(ranks.size())) return std::nullopt;
    if (met[static_cast<std::size_t>(at)]) return Hang{Hang::Kind::kCircle, peer, at, still_for(rank, now)};
    met[static_cast<std::size_t>(at)] = true;
    at = peer;
  }
}

// Everyone waits, the coordinator for anyone at all: whoever is least far, and waits for another worker.
std::optional<Hang> find_standstill(const std::vector<RankStatus>& ranks, const Limits& limits, double now) {
  if (ranks.empty() || ranks[0].activity.peer != comm::kAnyRank) return std::nullopt;
  int least = 0;
  for (std::size_t i = 1; i < ranks.size(); ++i) {
    const Activity& activity = ranks[i].activity;
    if (!waits(activity) || !stuck(ranks[i], limits, now) || activity.saving_step != kNothing)
      return std::nullopt;
    const bool behind = least == 0 || activity.step < ranks[static_cast<std::size_t>(least)].activity.step;
    if (activity.tag != comm::kControlWait && behind) least = static_cast<int>(i);
  }
  if (ranks.size() < 2) return std::nullopt;
  const std::size_t waiting = least == 0 ? 1 : static_cast<std::size_t>(least);
  return Hang{Hang::Kind::kCircle, ranks[waiting].activity.peer, static_cast<int>(waiting),
              still_for(ranks[waiting], now)};
}

}  // namespace

// A message may be on its way for as long as an action may take.
std::optional<Hang> HangFinder::find_lost(const std::vector<RankStatus>& ranks, const Cast& cast,
                                          const Limits& limits, double now) {
  passed_.resize(ranks.size());
  std::optional<Hang> found;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const Activity& activity = ranks[i].activity;
    const int number = static_cast<int>(i);
    std::optional<Passed>& passed = passed_[i];
    const bool now_passed = activity.peer > 0 && activity.peer < static_cast<int>(ranks.size()) &&
                            has_passed(ranks, cast, activity.peer, number);
    if (!now_passed) {
      passed.reset();
      continue;
    }
    if (!passed || passed->changes != activity.changes) {
      // A sender that has stood still since then had passed before.
      const RankStatus& sender = ranks[static_cast<std::size_t>(activity.peer)];
      passed = Passed{activity.changes, std::min(now, std::max(activity.since, sender.activity.since))};
    }
    const double limit = limits.of(activity.phase);
    const double seconds = now - passed->since;
    if (limit > 0 && seconds > limit && (!found || seconds > found->seconds))
      found = Hang{Hang::Kind::kLost, activity.peer, number, seconds};
  }
  return found;
}

std::optional<Hang> HangFinder::look(const std::vector<RankStatus>& ranks, const Cast& cast,
                                     const Limits& limits, double now) {
  const std::optional<Hang> lost = find_lost(ranks, cast, limits, now);
  if (std::optional<Hang> silent = find_silent(ranks, limits, now)) return silent;
  if (std::optional<Hang> stuck_rank = find_stuck(ranks, limits, now)) return stuck_rank;
  if (lost) return lost;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (std::optional<Hang> circle = find_circle(ranks, limits, now, static_cast<int>(i))) return circle;
  }
  return find_standstill(ranks, limits, now);
}

}  // namespace interlock::watch
