#pragma once
// live.json in the run's folder: what the run is doing now, for `interlock top` and others that look in from
// outside.
//
// Owns:    a thread that writes the file about once a second, so that a slow disk holds up nobody.
// Threads: any may call; a call copies a few numbers.
// Errors:  none. What cannot be written is told once, and goes on being tried.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "coordinator/job.h"
#include "coordinator/metrics_log.h"

namespace interlock::coordinator {

// What one process is doing, in words where people read them.
struct LiveRank {
  int rank = 0;
  int stage = -1;  // -1: the coordinator, or all stages in a single process
  int replica = 0;
  std::string host;
  int pid = 0;
  std::string phase = "starting";  // starting, restoring, idle, training, evaluating, saving, leaving
  std::int64_t step = 0;
  std::string action;  // "forward pass"; "" between actions
  int micro_batch = -1;
  std::string waiting_for;        // in words; "" where it waits for nothing
  int waiting_for_rank = -1;      // -1: nobody in particular
  double seconds = 0;             // since it last went on to something else
  double silent_seconds = 0;      // since it was last heard of
  std::int64_t saving_step = -1;  // of the checkpoint that it writes in the background
};

class LiveFile {
 public:
  // Asked on the thread, before each time the file is written.
  using Ranks = std::function<std::vector<LiveRank>()>;
  LiveFile(const Job& job, Ranks ranks);
  ~LiveFile();  // the run failed, if nobody has said how it ended
  LiveFile(const LiveFile&) = delete;
  LiveFile& operator=(const LiveFile&) = delete;

  void step(const StepMetrics& metrics, double seconds_left);
  void evaluation(const EvalMetrics& metrics);
  void checkpoint(const CheckpointMetrics& metrics);
  // "done", "stopped" or "failed"; nothing is written afterwards.
  void finish(const std::string& state);

 private:
  void run();
  std::string content(const std::vector<LiveRank>& ranks);  // takes the mutex
  void write_once();

  const std::string path_;
  const Ranks ranks_;
  const double started_;
  const int stages_, horizon_, micro_batches_;
  const std::int64_t steps_, epochs_;
  bool told_ = false;  // that it cannot be written; the thread's

  std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  std::string state_;  // "": as the ranks' phases say
  std::optional<StepMetrics> step_;
  std::int64_t steps_done_;
  double seconds_left_;
  std::optional<EvalMetrics> evaluation_;
  std::optional<CheckpointMetrics> checkpoint_;
  std::thread thread_;
};

// Says in a file that is there that the run failed, and how: for whoever ends the job, in whatever process.
// Nothing happens where that cannot be done.
void mark_live_file_failed(const std::string& run_folder, const std::string& message);

}  // namespace interlock::coordinator
