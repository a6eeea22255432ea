#pragma once
// The mathematics of one stage's actions on tensors: what each ActionKind does. No messages: who calls it
// hands in what arrived and sends on what is returned.
//
// Owns:    the autograd graphs and activations of the micro-batches in flight; releases each in
// weight_gradient(). Threads: the worker's main thread only.

#include <map>
#include <vector>

#include "models/loss.h"
#include "training/run_plan.h"
#include "training/stage_optimizer.h"

namespace interlock::worker {

// Sums over the micro-batches of one batch.
struct BatchSums {
  bool has_loss = false;
  double loss = 0;  // mean over the batch
  std::int64_t correct = 0;
};

class StageExecutor {
 public:
  StageExecutor(const training::RunPlan& plan, const models::Stage& stage,
                training::StageOptimizer& optimizer);

  // Starts a batch of `batch_samples`. While not training nothing is kept for backward.
  void begin_batch(bool training, std::int64_t epoch, std::int64_t step, std::int64_t batch_samples);

  // F: h_k = f_k(a_k), detached for the next stage. Keeps a_k, h_k and the targets.
  at::Tensor forward(int m, const at::Tensor& activation, const at::Tensor& targets);

  // L: L_k, delta(k,k) where needed, and the gradient of phi_k.
  void local_loss(int m);

  // Hands in delta(l, k) as it came from stage k+1.
  void accept_gradient(int m, int loss, const at::Tensor& gradient);

  // I: delta(l, k-1) = (dh_k / da_k)^T delta(l, k), for stage k-1.
  at::Tensor input_gradient(int m, int loss);

  // W: gradient of theta_k from the mixed delta(., k). Releases micro-batch m.
  void weight_gradient(int m);

  // B: I and W of the one loss, in one pass. Releases micro-batch m.
  at::Tensor backward(int m, int loss);

  // U: clip and step.
  void update(double learning_rate);

  // After the last forward of an evaluation batch: lets go of its micro-batches.
  void end_evaluation();

  [[nodiscard]] const BatchSums& sums() const { return sums_; }

 private:
  struct InFlight {
    at::Tensor input;   // a_k; a leaf that requires grad where a gradient goes below
    at::Tensor output;  // h_k with its graph
    at::Tensor targets;
    std::map<int, at::Tensor> deltas;  // loss -> delta(loss, k)
  };
  InFlight& in_flight(int m);
  [[nodiscard]] models::ForwardContext context(int m) const;

  const training::RunPlan& plan_;
  const models::Stage& stage_;
  training::StageOptimizer& optimizer_;
  const models::Loss loss_;
  const int number_;  // k
  const std::vector<at::Tensor> theta_;
  const std::vector<at::Tensor> phi_;

  bool training_ = false;
  std::int64_t epoch_ = 0;
  std::int64_t step_ = 0;
  std::int64_t batch_samples_ = 0;
  BatchSums sums_;
  std::map<int, InFlight> in_flight_;  // by micro-batch
};

}  // namespace interlock::worker
