#pragma once
// How a job failed: one line for people, failure.json for programs.

#include <string>
#include <vector>

#include "common/error.h"
#include "watch/hang.h"
#include "watch/rank_status.h"

namespace interlock::watch {

struct FailureReport {
  enum class Kind { kDied, kFailed, kHang, kStopped, kLauncher };
  Kind kind = Kind::kFailed;
  ExitCode code = ExitCode::kPeerDied;
  int rank = 0;      // the culprit
  std::string text;  // kFailed: what it says itself; kDied, kHang: what befell it

  // As of the failure, [rank].
  std::vector<RankStatus> ranks;
  Cast cast;
  std::string run_folder;  // "" while it is not known
  double now = 0;
};

// "killed by SIGKILL", "it exited with code 0 in the middle of its work": of a dead rank. `wait_status`: -1
// where it is not known.
std::string how_it_died(const RankStatus& rank, int wait_status);

// "stopped (SIGSTOP)", "the gradient of micro-batch 1 from rank 3 (stage 2) never came to ...".
std::string how_it_hangs(const Hang& hang, const std::vector<RankStatus>& ranks, const Cast& cast);

std::string line_of(const FailureReport& report);
std::string json_of(const FailureReport& report);

}  // namespace interlock::watch
