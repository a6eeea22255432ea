#pragma once
// A run's live.json (docs/live.md), read back.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace interlock::tools {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct LiveProcess {
  int rank = 0;
  int stage = -1;  // -1: the coordinator, or a single process
  int replica = 0;
  std::string host;
  int pid = 0;
  std::string phase;
  std::int64_t step = 0;
  std::string action;
  int micro_batch = -1;
  std::string waiting_for;
  double seconds = 0;         // since it last went on
  double silent_seconds = 0;  // since it was last heard of
  std::int64_t saving_step = -1;
};

struct LiveRun {
  std::string state;    // starting, training, evaluating, saving, stopped, done, failed
  std::string message;  // failed: what befell it
  double time = kUnknown;
  double started = kUnknown;
  std::int64_t step = 0, steps = 0, epoch = 0, epochs = 0;
  double seconds_left = kUnknown;
  int stages = 0;
  int horizon = 0;
  std::vector<double> loss, busy_fraction, memory_mebibytes;  // by stage; NaN where there is none
  double accuracy = kUnknown, lr = kUnknown;
  double samples_per_second = kUnknown, tokens_per_second = kUnknown;
  std::int64_t evaluated_step = -1, evaluated_epoch = 0;
  std::vector<double> evaluation_loss, evaluation_accuracy;
  std::int64_t checkpoint_step = -1;
  double checkpoint_bytes = 0;
  double checkpoint_time = kUnknown;
  std::vector<LiveProcess> ranks;

  [[nodiscard]] bool is_over() const { return state == "done" || state == "stopped" || state == "failed"; }
};

// Nothing where the file is missing or, just now, not whole.
std::optional<LiveRun> read_live(const std::string& run_folder);

}  // namespace interlock::tools
