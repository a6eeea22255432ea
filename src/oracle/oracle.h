#pragma once
// The single-process trainer: the same mathematics as the ranks, no ranks, plain loops. It is the reference
// for every test, the debugger's friend and the CPU baseline. It shares the model, the loss and the optimizer
// with the workers, but none of their code for gradients.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/placement.h"
#include "data/dataset.h"
#include "training/batch_totals.h"
#include "training/finite_marks.h"
#include "training/kept_buffers.h"
#include "training/nonfinite.h"
#include "training/nonfinite_search.h"
#include "training/run_plan.h"
#include "training/stage_optimizer.h"

namespace interlock::oracle {

// What one batch gave, by stage; loss is NaN where a stage computes none.
struct BatchResult {
  std::vector<double> loss;  // mean over the batch
  std::vector<std::int64_t> correct;
  std::int64_t counted = 0;  // targets that are not padding; samples where each has one target
  // training.nonfinite, skip and rewind: nothing was learnt from the batch, because of this, on that stage.
  bool left_out = false;
  schedule::Nonfinite nonfinite{};
  int nonfinite_stage = -1;
};

// Whether stages are cut into their replicas' parts of each micro-batch, so that every sum is taken in the
// order in which the ranks take it and equals theirs to the last bit, or replicas are ignored: what one
// process does on the same batch, equal up to rounding (and to batch norm's statistics, unless synchronised).
enum class Replicas { kIgnored, kPlayed };

class Oracle {
 public:
  // Builds all stages with their initial weights (or model.init's).
  explicit Oracle(const training::RunPlan& plan, Replicas replicas = Replicas::kIgnored,
                  at::Device device = at::kCPU);

  // One optimizer step. `micro_batches` are the slices of one batch, in order. Errors: NonfiniteError with
  // training.nonfinite: stop.
  BatchResult train_batch(const std::vector<data::Batch>& micro_batches, std::int64_t epoch,
                          std::int64_t step);

  // Forward only, batch norm in evaluation mode.
  BatchResult evaluate_batch(const std::vector<data::Batch>& micro_batches);

  [[nodiscard]] std::vector<models::Stage> stages() const;  // of replicas 0; they share the oracle's tensors
  [[nodiscard]] int replicas(int k) const { return placement_.replicas(k); }
  [[nodiscard]] const models::Stage& stage(int k, int replica = 0) const { return copy(k, replica).stage; }
  [[nodiscard]] training::StageOptimizer& optimizer(int k, int replica = 0) {
    return copy(k, replica).optimizer;
  }
  [[nodiscard]] training::LossScaler& scaler(int k, int replica = 0) { return copy(k, replica).scaler; }

 private:
  // One replica of a stage, with its sums over the batch.
  struct Copy {
    Copy(const training::RunPlan& plan, int k, at::Device device);
    models::Stage stage;
    training::StageOptimizer optimizer;
    training::LossScaler scaler;
    training::KeptBuffers buffers;
    training::NetFlags skip;  // float16: nets whose gradients overflowed
    training::BatchTotals totals;
  };
  // What a replica has of a micro-batch: rows of the whole, and a_k, h_k of these rows.
  struct Part {
    Copy& copy;
    int replica;
    SampleRange rows;
    models::ForwardContext context;
    at::Tensor a, h;
  };

  [[nodiscard]] Copy& copy(int k, int replica) const {
    return *copies_.at(static_cast<std::size_t>(k)).at(static_cast<std::size_t>(replica));
  }
  std::vector<Part> parts_of(int k, std::int64_t samples, const models::ForwardContext& context);
  void train_micro_batch(const data::Batch& batch, std::int64_t batch_samples,
                         const models::ForwardContext& context);
  void watch(const Part& part, schedule::NonfiniteIn in, const at::Tensor& value,
             const std::function<training::Suspect()>& search);
  void watch_gradients();
  void search_gradients();
  void found(int stage, int replica, training::Finding finding);
  void leave_out();
  void sum_over_replicas();
  void sum_tied_gradients();
  void agree_on_overflow();
  void update(std::int64_t step, double correction);
  BatchResult take_sums(double correction, std::int64_t counted);

  const training::RunPlan& plan_;
  const Placement placement_;
  const at::Device device_;
  std::vector<std::vector<std::unique_ptr<Copy>>> copies_;  // [k][replica]
  training::BatchPlace batch_;                              // that is trained; its stage means nothing
  int micro_batch_ = 0;
  training::FiniteMarks marks_;               // of an accelerator
  std::optional<training::Finding> finding_;  // the first of the batch
  int finding_stage_ = -1;
};

}  // namespace interlock::oracle
