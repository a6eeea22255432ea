#pragma once
// The mathematics of one stage's actions on tensors: a device that computes.
//
// Owns:    the autograd graphs and activations of the micro-batches in flight; releases each in
//          weight_gradient() or backward().
// With training.recompute only the input of a micro-batch is kept; each gradient runs the forward again for a
// graph of its own.

#include <map>
#include <vector>

#include "device/device.h"
#include "device/stopwatch.h"
#include "models/loss.h"
#include "training/run_plan.h"
#include "training/stage_optimizer.h"
#include "worker/numeric_guard.h"
#include "worker/stage_device.h"

namespace interlock::worker {

class StageExecutor : public StageDevice {
 public:
  // What it is among other workers; the default is a stage alone, on the CPU.
  struct Surroundings {
    int replica = 0;
    const models::ReplicaExchange* statistics = nullptr;  // set where batch norm's are over all replicas
    device::Device* device = nullptr;                     // the stage's; null: the CPU, nothing is timed
  };
  // All must outlive it.
  StageExecutor(const training::RunPlan& plan, const models::Stage& stage,
                training::StageOptimizer& optimizer, const Surroundings& surroundings);
  StageExecutor(const training::RunPlan& plan, const models::Stage& stage,
                training::StageOptimizer& optimizer)
      : StageExecutor(plan, stage, optimizer, Surroundings{}) {}

  void begin_batch(bool training, std::int64_t epoch, std::int64_t step, std::int64_t batch_samples) override;
  at::Tensor forward(int m, const at::Tensor& activation, const at::Tensor& targets) override;
  void local_loss(int m) override;
  void accept_gradient(int m, int loss, const at::Tensor& gradient) override;
  at::Tensor input_gradient(int m, int loss) override;
  std::vector<at::Tensor> stacked_input_gradients(int m, int first, int count) override;
  void weight_gradient(int m) override;
  at::Tensor backward(int m, int loss) override;
  void set_batch_counted(std::int64_t counted) override { batch_counted_ = counted; }
  std::optional<training::LossFlags> find_overflow() override;
  void agree_on_overflow(const training::LossFlags& found) override;
  std::optional<double> main_squares() override;
  void set_total_squares(double squares) override { total_squares_ = squares; }
  at::Tensor tied_gradient() override;
  void set_tied_gradient(const at::Tensor& sum) override;
  std::optional<bool> find_nonfinite() override;
  void leave_out() override;
  [[nodiscard]] std::optional<schedule::Nonfinite> left_out() const override;
  void update(double learning_rate) override;
  void end_evaluation() override;
  std::optional<double> take_busy_seconds() override;

  [[nodiscard]] training::LossScaler& scaler() { return scaler_; }
  [[nodiscard]] const training::BatchSums& sums() const override { return totals_.read(); }
  [[nodiscard]] std::int64_t counted() const override { return totals_.counted(); }
  [[nodiscard]] std::int64_t peak_activation_bytes() const override { return peak_bytes_; }
  [[nodiscard]] std::int64_t micro_batch_activation_bytes() const override { return full_micro_batch_bytes_; }

 private:
  struct InFlight {
    at::Tensor input;   // a_k; a leaf that requires grad where a gradient goes below
    at::Tensor output;  // h_k, with its graph if has_graph
    bool has_graph = false;
    at::Tensor targets;
    std::map<int, at::Tensor> deltas;  // loss -> delta(loss, k)
    std::int64_t bytes = 0;            // what is kept for backward
  };
  // Marks the time that it lives as the device's busy time.
  class Busy {
   public:
    explicit Busy(device::Stopwatch* watch) : watch_(watch) {
      if (watch_ != nullptr) watch_->start();
    }
    ~Busy() {
      if (watch_ != nullptr) watch_->stop();
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    device::Stopwatch* watch_;
  };
  InFlight& in_flight(int m);
  [[nodiscard]] models::ForwardContext context(int m) const;
  void run_forward(InFlight& slot, const models::ForwardContext& context, bool with_graph);
  void ensure_graph(InFlight& slot, int m);
  void drop_graph(InFlight& slot);
  void count_bytes();
  void watch_sent(int m, int loss, const InFlight& slot, const at::Tensor& gradient);
  [[nodiscard]] Busy busy() { return Busy(stopwatch_ ? &*stopwatch_ : nullptr); }
  [[nodiscard]] double correction() const;  // for padding, as the oracle's
  [[nodiscard]] training::Update update_so_far() const;

  const training::RunPlan& plan_;
  const models::Stage& stage_;
  training::StageOptimizer& optimizer_;
  const models::Loss loss_;
  const int number_;  // k
  const Surroundings surroundings_;
  const int replicas_;
  std::optional<device::Stopwatch> stopwatch_;  // of an accelerator
  const bool recompute_;
  const bool clips_globally_;
  training::LossScaler scaler_;
  NumericGuard guard_;
  const std::vector<at::Tensor> theta_;
  const std::vector<at::Tensor> phi_;

  bool training_ = false;
  std::int64_t epoch_ = 0;
  std::int64_t step_ = 0;
  std::int64_t batch_samples_ = 0;
  std::vector<std::int64_t> sizes_;  // of the micro-batches, all replicas together
  std::int64_t batch_counted_ = -1;  // targets that count, of all replicas; -1: as here
  training::NetFlags skip_;
  bool left_out_ = false;  // the batch
  std::optional<double> total_squares_;
  training::BatchTotals totals_;
  std::map<int, InFlight> in_flight_;  // by micro-batch

  std::map<std::int64_t, std::int64_t> graph_bytes_;  // samples -> what a forward keeps: measured once
  std::int64_t full_micro_batch_bytes_ = 0;
  std::int64_t peak_bytes_ = 0;
};

}  // namespace interlock::worker
