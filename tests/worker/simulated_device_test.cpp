#include "worker/simulated_device.h"

#include <functional>

#include <torch/types.h>

#include "common/clock.h"
#include "support/small_runs.h"

namespace interlock::worker {
namespace {

training::RunPlan simulated_plan() {
  return test::make_plan(std::string(test::kMlp) + test::kFourStages +
                         "learning: {horizon: 2}\nschedule: {micro_batches: 4}\ntraining: {batch_size: 8}\n"
                         "run: {device: simulated, simulated: {forward_ms: 4, head_ms: 1, "
                         "input_gradient_ms: [1, 2, 3, 4], weight_gradient_ms: 6}}\n");
}

double seconds_of(const std::function<void()>& action) {
  const double start = monotonic_seconds();
  action();
  return monotonic_seconds() - start;
}

TEST_CASE("a simulated action takes at least its time and gives tensors of the real shapes") {
  const training::RunPlan plan = simulated_plan();
  SimulatedDevice device(plan, 1);
  device.begin_batch(true, 0, 1, 8);
  const at::Tensor input = torch::zeros({2, 9});
  at::Tensor output, gradient;
  CHECK(seconds_of([&] { output = device.forward(0, input, {}); }) >= 0.004);
  CHECK(output.sizes() == at::IntArrayRef({2, 8}));
  CHECK(seconds_of([&] { device.local_loss(0); }) >= 0.001);
  CHECK(seconds_of([&] { gradient = device.input_gradient(0, 1); }) >= 0.002);
  CHECK(gradient.sizes() == at::IntArrayRef({2, 9}));
  CHECK(seconds_of([&] { device.weight_gradient(0); }) >= 0.006);
  CHECK_FALSE(device.sums().has_loss);
}

TEST_CASE("a simulated device counts the activations that a real one would keep") {
  const training::RunPlan plan = simulated_plan();
  SimulatedDevice device(plan, 0);
  device.begin_batch(true, 0, 1, 8);
  const at::Tensor input = torch::zeros({2, 6});
  device.forward(0, input, {});
  device.forward(1, input, {});
  device.weight_gradient(0);
  device.forward(2, input, {});
  CHECK(device.micro_batch_activation_bytes() == training::stored_bytes(plan, 0));
  CHECK(device.peak_activation_bytes() == 2 * training::stored_bytes(plan, 0));
}

TEST_CASE("the last stage's loss is free where one number stands for all heads") {
  const training::RunPlan plan = simulated_plan();
  const auto costs = training::action_costs(*plan.config.run.simulated, 4);
  CHECK(costs[2].loss == 0.001);
  CHECK(costs[3].loss == 0);
  CHECK(costs[3].input_gradient == 0.004);
  CHECK(costs[3].backward == 0.006);
}

}  // namespace
}  // namespace interlock::worker
