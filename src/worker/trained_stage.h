#pragma once
// A stage with weights, and what trains them: the device that computes and, where the stage has replicas,
// what keeps them alike. A simulated run has none.

#include <memory>
#include <optional>

#include "comm/all_reduce.h"
#include "common/placement.h"
#include "device/device.h"
#include "training/stage_optimizer.h"
#include "worker/gradient_buckets.h"
#include "worker/replica_statistics.h"
#include "worker/stage_executor.h"

namespace interlock::worker {

// Sums over the replicas of a stage; both null where it has one.
struct ReplicaSums {
  std::shared_ptr<comm::AllReduce> gradients;
  std::shared_ptr<comm::AllReduce> statistics;  // batch norm's, and whatever is summed between batches
};

class TrainedStage {
 public:
  // With initial weights, on `device`. `plan`, `device` and `sums` must outlive it. Errors: DataError for
  // initial weights that do not fit.
  TrainedStage(const training::RunPlan& plan, Place own, device::Device& device, const ReplicaSums& sums);

  [[nodiscard]] const models::Stage& stage() const { return stage_; }
  [[nodiscard]] training::StageOptimizer& optimizer() { return optimizer_; }
  [[nodiscard]] StageExecutor& executor() { return executor_; }
  // Null where the stage has no replicas.
  [[nodiscard]] GradientBuckets* buckets() { return buckets_ ? &*buckets_ : nullptr; }

  // Collective over the replicas. Batch norm's running statistics become their mean over the replicas, each
  // of which has seen its own part only. Averages being linear, how often this is done does not matter.
  void average_running_statistics();

 private:
  const int replicas_;
  comm::AllReduce* const statistics_sum_;
  const bool alike_;  // synchronised batch norm: the statistics are the same anyway
  models::Stage stage_;
  training::StageOptimizer optimizer_;
  std::optional<ReplicaStatistics> statistics_;
  StageExecutor executor_;
  std::optional<GradientBuckets> buckets_;
};

}  // namespace interlock::worker
