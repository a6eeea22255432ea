#pragma once
// What the oracle is compared with: the whole network without any cut or detach, differentiated by torch.

#include <functional>

#include <torch/csrc/autograd/autograd.h>

#include "common/random.h"
#include "models/loss.h"
#include "support/small_runs.h"

namespace interlock::oracle {

// For every theta_k the gradient of sum over l of weight(l, k) L_l, for every phi_k that of L_k, summed over
// the micro-batches of one batch.
inline test::TensorsByName uncut_gradients(const training::RunPlan& plan,
                                           const std::vector<models::Stage>& stages,
                                           const std::vector<data::Batch>& batches,
                                           const std::function<double(int loss, int stage)>& weight,
                                           std::int64_t step = 1) {
  const models::Loss loss(plan.config.training);
  std::int64_t samples = 0;
  for (const data::Batch& batch : batches) samples += batch.inputs.size(0);

  test::TensorsByName sums;
  const auto add = [&](const models::NamedTensors& parameters, const at::Tensor& objective) {
    for (const auto& [name, parameter] : parameters) {
      const at::Tensor gradient =
          torch::autograd::grad({objective}, {parameter}, {}, /*retain_graph=*/true)[0];
      sums[name] = sums.count(name) == 0 ? gradient : sums[name] + gradient;
    }
  };
  for (std::size_t m = 0; m < batches.size(); ++m) {
    models::ForwardContext context{true, 0, 0};
    context.dropout_seed = derive_seed(plan.config.training.seed, SeedPurpose::kDropout,
                                       {0, static_cast<std::uint64_t>(step), m});
    std::vector<at::Tensor> losses;
    at::Tensor h = batches[m].inputs;
    for (const models::Stage& stage : stages) {
      h = stage.main().forward(h, context);
      const bool last = stage.number() + 1 == plan.rule.stages();
      const at::Tensor prediction = last               ? h
                                    : stage.has_head() ? stage.head().forward(h, context)
                                                       : at::Tensor();
      losses.push_back(prediction.defined() ? loss.share(prediction, batches[m].targets, samples)
                                            : at::Tensor());
      if (stage.has_head()) add(stage.head().parameters(), losses.back());
    }
    for (const models::Stage& stage : stages) {
      at::Tensor objective;
      for (int l = 0; l < plan.rule.stages(); ++l) {
        const double factor = weight(l, stage.number());
        if (factor == 0) continue;
        const at::Tensor& one = losses[static_cast<std::size_t>(l)];
        const at::Tensor term = factor == 1 ? one : one * factor;
        objective = objective.defined() ? objective + term : term;
      }
      add(stage.main().parameters(), objective);
    }
  }
  return sums;
}

}  // namespace interlock::oracle
