#include "worker/simulated_device.h"

#include <algorithm>
#include <chrono>
#include <sys/prctl.h>
#include <thread>

#include <torch/types.h>

#include "schedule/program.h"
#include "training/schedule_choice.h"

namespace interlock::worker {
namespace {

void take(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace

SimulatedDevice::SimulatedDevice(const training::RunPlan& plan, int stage)
    : blueprint_(plan.blueprint.stages.at(static_cast<std::size_t>(stage))),
      costs_(training::action_costs(*plan.config.run.simulated, plan.rule.stages())
                 .at(static_cast<std::size_t>(stage))),
      micro_batch_bytes_(training::stored_bytes(plan, stage)),
      ends_with_forward_(schedule::ends_micro_batch(plan.rule, stage, schedule::ActionKind::kForward)),
      ends_with_loss_(schedule::ends_micro_batch(plan.rule, stage, schedule::ActionKind::kLocalLoss)) {
  // Nanoseconds: the kernel may be as late as this by choice, and its default of 50 us is 5 % of a
  // millisecond.
  prctl(PR_SET_TIMERSLACK, 1000);
}

void SimulatedDevice::begin_batch(bool training, std::int64_t, std::int64_t, std::int64_t batch_samples) {
  training_ = training;
  totals_.clear();
  totals_.set_counted(batch_samples);
}

// One tensor for all micro-batches of a size: nobody writes to it.
at::Tensor SimulatedDevice::zeros(const models::Shape& shape, std::int64_t samples, at::Tensor& kept) {
  if (kept.defined() && kept.size(0) == samples) return kept;
  return kept = torch::zeros(models::batched(shape, samples));
}

at::Tensor SimulatedDevice::forward(int m, const at::Tensor& activation, const at::Tensor&) {
  take(costs_.forward);
  const std::int64_t samples = activation.size(0);
  if (training_) {
    in_flight_[m] = samples;
    peak_bytes_ = std::max(peak_bytes_, static_cast<std::int64_t>(in_flight_.size()) * micro_batch_bytes_);
    if (ends_with_forward_) in_flight_.erase(m);
  }
  return zeros(blueprint_.output, samples, output_);
}

void SimulatedDevice::local_loss(int m) {
  take(costs_.loss);
  if (training_ && ends_with_loss_) in_flight_.erase(m);
}

void SimulatedDevice::accept_gradient(int, int, const at::Tensor&) {}

at::Tensor SimulatedDevice::input_gradient(int m, int) {
  take(costs_.input_gradient);
  return zeros(blueprint_.input, in_flight_.at(m), input_gradient_);
}

std::vector<at::Tensor> SimulatedDevice::stacked_input_gradients(int m, int first, int count) {
  take(costs_.of({schedule::ActionKind::kInputGradient, m, first, count}));
  return {static_cast<std::size_t>(count), zeros(blueprint_.input, in_flight_.at(m), input_gradient_)};
}

void SimulatedDevice::weight_gradient(int m) {
  take(costs_.weight_gradient);
  in_flight_.erase(m);
}

at::Tensor SimulatedDevice::backward(int m, int) {
  take(costs_.backward);
  const std::int64_t samples = in_flight_.at(m);
  in_flight_.erase(m);
  return zeros(blueprint_.input, samples, input_gradient_);
}

void SimulatedDevice::update(double) {
  take(costs_.update);
}

void SimulatedDevice::end_evaluation() {
  in_flight_.clear();
}

}  // namespace interlock::worker
