#include "coordinator/checkpoint_keeper.h"

#include <cmath>
#include <utility>

#include "common/clock.h"
#include "common/fault_point.h"

namespace interlock::coordinator {

CheckpointKeeper::CheckpointKeeper(const Job& job, RunRecorder& recorder)
    : job_(job), recorder_(recorder), newest_(job.steps_done) {
  if (job.config.run.keep_best) best_ = storage::read_best(job.config.run.dir);
}

void CheckpointKeeper::begin(std::int64_t step) {
  // At an epoch's end the next epoch's sums start from nothing.
  open_[step] = {job_.ends_epoch(step) ? "" : recorder_.state(), monotonic_seconds()};
}

void CheckpointKeeper::commit(std::int64_t step, const std::vector<storage::ShardInfo>& shards,
                              double blocked_seconds) {
  const Open open = std::move(open_[step]);
  open_.erase(step);
  recorder_.sync();  // a checkpoint never knows more than the metrics beside it
  storage::Manifest manifest;
  manifest.step = step;
  manifest.epochs = step / job_.steps_per_epoch;
  manifest.batch_size = job_.config.training.batch_size;
  manifest.steps_per_epoch = job_.steps_per_epoch;
  manifest.seed = job_.config.training.seed;
  manifest.recorder = open.recorder_state;
  manifest.shards = shards;
  const std::string& run = job_.config.run.dir;
  fault_point("manifest");
  storage::write_manifest(storage::checkpoint_directory(run, step), manifest);
  newest_ = step;
  keep_best();
  fault_point("old_checkpoints");
  storage::remove_old_checkpoints(run, job_.config.run.keep_checkpoints);
  std::int64_t bytes = 0;
  for (const storage::ShardInfo& shard : shards) bytes += shard.bytes;
  recorder_.record_checkpoint({step, blocked_seconds, monotonic_seconds() - open.since, bytes});
}

void CheckpointKeeper::evaluated(std::int64_t step, double loss) {
  if (!job_.config.run.keep_best || !std::isfinite(loss) || (best_ && best_->loss <= loss)) return;
  best_ = storage::Best{step, loss};
  best_is_written_ = false;
  keep_best();
}

void CheckpointKeeper::keep_best() {
  if (best_is_written_ || !best_ || newest_ < best_->step) return;
  storage::write_best(job_.config.run.dir, *best_);
  best_is_written_ = true;
}

}  // namespace interlock::coordinator
