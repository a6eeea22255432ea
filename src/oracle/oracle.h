#pragma once
// The single-process trainer: the same mathematics as the ranks, no ranks, plain loops. It is the reference
// for every test, the debugger's friend and the CPU baseline. It shares the model, the loss and the optimizer
// with the workers, but none of their code for gradients.

#include <deque>
#include <vector>

#include "data/dataset.h"
#include "training/run_plan.h"
#include "training/stage_optimizer.h"

namespace interlock::oracle {

// What one batch gave, by stage; loss is NaN where a stage computes none.
struct BatchResult {
  std::vector<double> loss;  // mean over the batch
  std::vector<std::int64_t> correct;
  std::int64_t counted = 0;  // targets that are not padding; samples where each has one target
};

class Oracle {
 public:
  // Builds all stages with their initial weights (or model.init's).
  explicit Oracle(const training::RunPlan& plan);

  // One optimizer step. `micro_batches` are the slices of one batch, in order.
  BatchResult train_batch(const std::vector<data::Batch>& micro_batches, std::int64_t epoch,
                          std::int64_t step);

  // Forward only, batch norm in evaluation mode.
  BatchResult evaluate_batch(const std::vector<data::Batch>& micro_batches);

  [[nodiscard]] const std::vector<models::Stage>& stages() const { return stages_; }
  [[nodiscard]] std::deque<training::StageOptimizer>& optimizers() { return optimizers_; }

 private:
  void train_micro_batch(const data::Batch& batch, std::int64_t batch_samples,
                         const models::ForwardContext& context, BatchResult& result);
  // Ends the sums over a batch: returns Loss::correction() and applies it to the losses.
  double correct_for_padding(BatchResult& result, std::int64_t batch_samples) const;
  void sum_tied_gradients();

  const training::RunPlan& plan_;
  std::vector<models::Stage> stages_;
  std::deque<training::StageOptimizer> optimizers_;
};

}  // namespace interlock::oracle
