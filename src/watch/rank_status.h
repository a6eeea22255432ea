#pragma once
// What is known of a rank by those who watch it.

#include <optional>
#include <string>
#include <vector>

#include "common/activity.h"
#include "common/placement.h"
#include "schedule/action.h"
#include "schedule/gradient_rule.h"

namespace interlock::watch {

struct RankStatus {
  Activity activity;  // its times are those of the watcher's own clock
  double heard = 0;   // monotonic_seconds() when it last said anything
  std::string host;
  bool here = false;     // on the watcher's host
  bool dead = false;     // its process is gone
  bool leaving = false;  // it has done everything and waits for the others
};

// Seconds without progress after which a rank hangs; 0: any time may pass.
struct Limits {
  double step = 0;
  double setup = 0;
  double checkpoint = 0;
  double silence = 20;  // without a heartbeat

  [[nodiscard]] double of(Phase phase) const {
    if (phase == Phase::kStarting) return setup;
    return phase == Phase::kSaving || phase == Phase::kRestoring ? checkpoint : step;
  }
};

// Who is who, and what each stage does; empty until the config and the plan are known.
struct Cast {
  Placement placement;
  schedule::Schedule schedule;
  std::optional<schedule::GradientRule> rule;

  [[nodiscard]] bool is_known(int ranks) const { return placement.ranks() == ranks; }
  // The stage of a worker; REQUIRES is_known.
  [[nodiscard]] int stage_of(int rank) const { return placement.place_of(Rank{rank}).stage; }
};

}  // namespace interlock::watch
