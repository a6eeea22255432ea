#pragma once
// Commits the checkpoints of a run once all their shards are on disk, and keeps the newest ones and the best.
//
// Threads: one; the coordinator's main thread, or a single process's. Errors: IoError.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/job.h"
#include "coordinator/metrics_log.h"
#include "coordinator/run_recorder.h"
#include "storage/checkpoint.h"

namespace interlock::coordinator {

class CheckpointKeeper {
 public:
  // Both must outlive it.
  CheckpointKeeper(const Job& job, RunRecorder& recorder);

  // A checkpoint of `step` begins: the recorder has seen all steps up to it and none after.
  void begin(std::int64_t step);

  // Its shards are written and synced. `blocked_seconds`: how long training waited for it.
  void commit(std::int64_t step, const std::vector<storage::ShardInfo>& shards, double blocked_seconds);

  // The last stage's loss on the evaluation samples: the checkpoint of that step may be the best.
  void evaluated(std::int64_t step, double loss);

  // Of the newest one committed, by this life of the run or an earlier one; 0: none.
  [[nodiscard]] std::int64_t newest() const { return newest_; }

 private:
  struct Open {
    std::string recorder_state;
    double since = 0;
  };
  void keep_best();

  const Job& job_;
  RunRecorder& recorder_;
  std::map<std::int64_t, Open> open_;  // by step
  std::int64_t newest_;
  // The best evaluation so far whose checkpoint may not be committed yet.
  std::optional<storage::Best> best_;
  bool best_is_written_ = true;
};

}  // namespace interlock::coordinator
