#pragma once
// What carries out a stage's actions: a real one computes (StageExecutor), a simulated one sleeps
// (SimulatedDevice). No messages: who calls it hands in what arrived and sends on what is returned.
//
// Threads: the worker's main thread only.

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "schedule/protocol.h"
#include "training/batch_totals.h"
#include "training/loss_scaler.h"

namespace interlock::worker {

class StageDevice {
 public:
  virtual ~StageDevice() = default;

  // Starts a batch of `batch_samples`. While not training nothing is kept for backward.
  virtual void begin_batch(bool training, std::int64_t epoch, std::int64_t step,
                           std::int64_t batch_samples) = 0;

  // F: h_k = f_k(a_k), detached for the next stage. Keeps a_k, h_k and the targets.
  virtual at::Tensor forward(int m, const at::Tensor& activation, const at::Tensor& targets) = 0;

  // L: L_k, delta(k,k) where needed, and the gradient of phi_k.
  virtual void local_loss(int m) = 0;

  // Hands in delta(l, k) as it came from stage k+1.
  virtual void accept_gradient(int m, int loss, const at::Tensor& gradient) = 0;

  // I: delta(l, k-1) = (dh_k / da_k)^T delta(l, k), for stage k-1.
  virtual at::Tensor input_gradient(int m, int loss) = 0;

  // I of several losses: the same for losses first .. first + count - 1 in one pass.
  virtual std::vector<at::Tensor> stacked_input_gradients(int m, int first, int count) = 0;

  // W: gradient of theta_k from the mixed delta(., k). Releases micro-batch m.
  virtual void weight_gradient(int m) = 0;

  // B: I and W of the one loss, in one pass. Releases micro-batch m.
  virtual at::Tensor backward(int m, int loss) = 0;

  // Before U and before the end of an evaluation: how many targets of the whole batch count. Only where
  // replicas have parts of it; else it is what sums() says.
  virtual void set_batch_counted(std::int64_t) {}

  // training.nonfinite: skip or rewind. Before U and what follows here: was anything NaN or infinite on this
  // stage? Nothing where stages need not agree on it. If it was on any, leave_out() takes U's place, on all:
  // nothing learns from the batch. left_out() then tells what arose on this stage, until the next batch.
  virtual std::optional<bool> find_nonfinite() { return std::nullopt; }
  virtual void leave_out() {}
  [[nodiscard]] virtual std::optional<schedule::Nonfinite> left_out() const { return std::nullopt; }

  // Before U, in this order; each where find_overflow() and main_squares() give something.
  // float16: which losses' gradients overflowed here, then on any stage that they reach.
  virtual std::optional<training::LossFlags> find_overflow() { return std::nullopt; }
  virtual void agree_on_overflow(const training::LossFlags&) {}
  // training.clip_scope global, after the tied gradient: the squared norm of this stage's main net, then of
  // all stages'.
  virtual std::optional<double> main_squares() { return std::nullopt; }
  virtual void set_total_squares(double) {}

  // Before U: the gradient of the stage's copies of the tied matrix (undefined where it has none), and the
  // sum over all stages' copies that takes its place.
  virtual at::Tensor tied_gradient() { return {}; }
  virtual void set_tied_gradient(const at::Tensor&) {}

  // U: clip and step.
  virtual void update(double learning_rate) = 0;

  // After the last forward of an evaluation batch: lets go of its micro-batches.
  virtual void end_evaluation() = 0;

  [[nodiscard]] virtual const training::BatchSums& sums() const = 0;
  // sums().counted alone: often known without a wait for the device.
  [[nodiscard]] virtual std::int64_t counted() const { return sums().counted; }

  // Seconds of computing since the last call, where the device knows better than the clock of the thread that
  // gives it work; what it has not reached yet counts in the next call.
  virtual std::optional<double> take_busy_seconds() { return std::nullopt; }

  // Most bytes of activations kept for backward at any moment so far, and what one full micro-batch keeps.
  [[nodiscard]] virtual std::int64_t peak_activation_bytes() const = 0;
  [[nodiscard]] virtual std::int64_t micro_batch_activation_bytes() const = 0;
};

}  // namespace interlock::worker
