#pragma once
// A device that takes the configured time for each action and computes nothing (run.device: simulated): what
// a run would cost on accelerators one does not have. Its tensors have the right shapes and hold zeros.

#include <map>

#include "schedule/costs.h"
#include "training/run_plan.h"
#include "worker/stage_device.h"

namespace interlock::worker {

class SimulatedDevice : public StageDevice {
 public:
  SimulatedDevice(const training::RunPlan& plan, int stage);

  void begin_batch(bool training, std::int64_t epoch, std::int64_t step, std::int64_t batch_samples) override;
  at::Tensor forward(int m, const at::Tensor& activation, const at::Tensor& targets) override;
  void local_loss(int m) override;
  void accept_gradient(int m, int loss, const at::Tensor& gradient) override;
  at::Tensor input_gradient(int m, int loss) override;
  std::vector<at::Tensor> stacked_input_gradients(int m, int first, int count) override;
  void weight_gradient(int m) override;
  at::Tensor backward(int m, int loss) override;
  void update(double learning_rate) override;
  void end_evaluation() override;
  [[nodiscard]] const training::BatchSums& sums() const override { return totals_.read(); }
  [[nodiscard]] std::int64_t peak_activation_bytes() const override { return peak_bytes_; }
  [[nodiscard]] std::int64_t micro_batch_activation_bytes() const override { return micro_batch_bytes_; }

 private:
  static at::Tensor zeros(const models::Shape& shape, std::int64_t samples, at::Tensor& kept);

  const models::StageBlueprint& blueprint_;
  const schedule::StageCosts costs_;
  const std::int64_t micro_batch_bytes_;           // estimated, as by `check`
  const bool ends_with_forward_, ends_with_loss_;  // a micro-batch, where the stage has no backward
  bool training_ = false;
  std::map<int, std::int64_t> in_flight_;  // micro-batch -> samples
  at::Tensor output_, input_gradient_;     // reused
  training::BatchTotals totals_;           // no loss
  std::int64_t peak_bytes_ = 0;
};

}  // namespace interlock::worker
