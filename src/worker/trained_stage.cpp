#include "worker/trained_stage.h"

#include <torch/types.h>

#include "models/pretrained.h"

namespace interlock::worker {
namespace {

// On the host first: initial weights do not depend on the device.
models::Stage make_stage(const training::RunPlan& plan, int number, at::Device device) {
  models::Stage stage(plan.blueprint.stages.at(static_cast<std::size_t>(number)), plan.config.training.seed);
  models::InitialWeights(plan.config, plan.blueprint, plan.data.vocabulary).copy_into(stage);
  stage.to(device);
  return stage;
}

std::vector<at::Tensor> head_parameters(const models::Stage& stage) {
  return stage.has_head() ? stage.head().parameter_list() : std::vector<at::Tensor>{};
}

std::vector<at::Tensor> running_averages(const models::LayerSequence& layers) {
  std::vector<at::Tensor> averages;  // but not the counters beside them
  for (const auto& [name, buffer] : layers.buffers()) {
    if (buffer.is_floating_point()) averages.push_back(buffer);
  }
  return averages;
}

}  // namespace

TrainedStage::TrainedStage(const training::RunPlan& plan, Place own, device::Device& device,
                           const ReplicaSums& sums)
    : replicas_(plan.config.partition.placement().replicas(own.stage)),
      statistics_sum_(sums.statistics.get()),
      alike_(plan.config.partition.sync_batch_norm),
      stage_(make_stage(plan, own.stage, device.torch_device())),
      optimizer_(stage_, plan.config),
      statistics_(replicas_ > 1 && alike_ ? std::optional<ReplicaStatistics>(std::in_place, *sums.statistics,
                                                                             own.replica, replicas_)
                                          : std::nullopt),
      executor_(plan, stage_, optimizer_, {own.replica, statistics_ ? &*statistics_ : nullptr, &device}) {
  if (replicas_ == 1) return;
  buckets_.emplace(head_parameters(stage_), stage_.main().parameter_list(), *sums.gradients,
                   plan.config.schedule.bucket_mib);
}

void TrainedStage::average_running_statistics() {
  if (replicas_ == 1 || alike_) return;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> averages = running_averages(stage_.main());
  if (stage_.has_head()) {
    const std::vector<at::Tensor> heads = running_averages(stage_.head());
    averages.insert(averages.end(), heads.begin(), heads.end());
  }
  if (averages.empty()) return;
  std::vector<at::Tensor> flat;
  for (const at::Tensor& average : averages) flat.push_back(average.flatten());
  const at::Tensor all = at::cat(flat);
  statistics_sum_->start(all);
  statistics_sum_->finish();
  all.div_(replicas_);
  std::int64_t offset = 0;
  for (const at::Tensor& average : averages) {
    average.copy_(all.narrow(0, offset, average.numel()).view(average.sizes()));
    offset += average.numel();
  }
}

}  // namespace interlock::worker
