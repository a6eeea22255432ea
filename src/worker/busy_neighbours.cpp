#include "worker/busy_neighbours.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <torch/types.h>

#include "worker/random_input.h"
#include "worker/stage_executor.h"

namespace interlock::worker {

BusyNeighbours::BusyNeighbours(const training::RunPlan& plan) : plan_(plan) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  const int neighbours = std::min(plan.rule.stages(), cores / plan.config.run.threads) - 1;
  for (int i = 0; i < neighbours; ++i) threads_.emplace_back([this, i] { work(i); });
}

BusyNeighbours::~BusyNeighbours() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void BusyNeighbours::work(int number) const {
  at::set_num_threads(plan_.config.run.threads);
  const models::StageBlueprint& blueprint = plan_.blueprint.stages.at(static_cast<std::size_t>(number));
  const models::Stage stage(blueprint, plan_.config.training.seed);
  training::StageOptimizer optimizer(stage, plan_.config);
  StageExecutor executor(plan_, stage, optimizer);
  const at::Tensor input = random_input(blueprint.input, plan_.micro_batch_size, blueprint.integer_input);
  const at::Tensor gradient = random_input(blueprint.output, plan_.micro_batch_size, false);
  executor.begin_batch(true, 0, 1, plan_.micro_batch_size);
  while (!stop_) {
    executor.forward(0, input.detach(), {});
    for (const int loss : plan_.rule.losses_mixed(number)) executor.accept_gradient(0, loss, gradient);
    executor.weight_gradient(0);
  }
}

}  // namespace interlock::worker
