#include "oracle/oracle.h"

#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "models/layout.h"
#include "models/loss.h"
#include "models/training_context.h"
#include "models/pretrained.h"
#include "schedule/learning_rate.h"
#include "training/mix.h"
#include "training/tied_weights.h"

namespace interlock::oracle {
namespace {

using torch::autograd::grad;
using torch::autograd::variable_list;

std::int64_t total_samples(const std::vector<data::Batch>& micro_batches) {
  std::int64_t total = 0;
  for (const data::Batch& batch : micro_batches) total += batch.inputs.size(0);
  return total;
}

void accumulate(const std::vector<at::Tensor>& parameters, const at::Tensor* gradients) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    at::Tensor& sum = parameters[i].mutable_grad();
    if (sum.defined()) {
      sum.add_(gradients[i]);
    } else {
      sum = gradients[i].contiguous();  // laid out as the parameter is: norms add in memory order
    }
  }
}

}  // namespace

Oracle::Oracle(const training::RunPlan& plan) : plan_(plan) {
  for (const models::StageBlueprint& blueprint : plan.blueprint.stages) {
    stages_.emplace_back(blueprint, plan.config.training.seed);
  }
  const models::InitialWeights initial(plan.config, plan.blueprint, plan.data.vocabulary);
  for (const models::Stage& stage : stages_) initial.copy_into(stage);
  for (const models::Stage& stage : stages_) optimizers_.emplace_back(stage, plan.config);
}

// Design section 2 / the paper's equations, in its notation, for one micro-batch.
void Oracle::train_micro_batch(const data::Batch& batch, std::int64_t batch_samples,
                               const models::ForwardContext& context, BatchResult& result) {
  const schedule::GradientRule& rule = plan_.rule;
  const int K = rule.stages();
  const models::Loss loss(plan_.config.training);
  result.counted += loss.counted(batch.targets);
  std::vector<at::Tensor> a(static_cast<std::size_t>(K)), h(static_cast<std::size_t>(K));
  std::map<std::pair<int, int>, at::Tensor> delta;  // (l, k) -> dL_l / dh_k

  // a_0 = x;  h_k = f_k(a_k; theta_k);  a_{k+1} = h_k detached.
  for (int k = 0; k < K; ++k) {
    const auto i = static_cast<std::size_t>(k);
    a[i] = models::in_compute_layout(k == 0 ? batch.inputs : h[i - 1]);
    if (!rule.losses_sent(k).empty()) a[i].requires_grad_();
    h[i] = stages_[i].main().forward(a[i], context);
  }

  // L_k = loss(q_k(h_k; phi_k), y) for k < K-1, L_{K-1} = loss(h_{K-1}, y), with h_k detached; delta(k,k) and
  // phi_k.
  for (int k = 0; k < K; ++k) {
    const auto i = static_cast<std::size_t>(k);
    if (!rule.computes_loss(k)) continue;
    const bool wants_delta = rule.needed(k, k);
    const at::Tensor output = h[i].detach();
    if (wants_delta) output.requires_grad_();
    const at::Tensor prediction = rule.is_last(k) ? output : stages_[i].head().forward(output, context);
    const at::Tensor L = loss.share(prediction, batch.targets, batch_samples);
    result.loss[i] = (std::isnan(result.loss[i]) ? 0 : result.loss[i]) + L.item<double>();
    result.correct[i] += loss.correct(prediction.detach(), batch.targets);

    const std::vector<at::Tensor> phi =
        rule.is_last(k) ? std::vector<at::Tensor>{} : stages_[i].head().parameter_list();
    variable_list with_respect_to = phi;
    if (wants_delta) with_respect_to.push_back(output);
    if (with_respect_to.empty()) continue;
    const variable_list gradients = grad({L}, with_respect_to);
    accumulate(phi, gradients.data());
    if (wants_delta) delta[{k, k}] = models::in_compute_layout(gradients.back());
  }

  // delta(l, k-1) = (dh_k / da_k)^T delta(l, k);   theta_k += (dh_k / dtheta_k)^T mix(delta(., k)).
  for (int k = K - 1; k >= 0; --k) {
    const auto i = static_cast<std::size_t>(k);
    const std::vector<at::Tensor> theta = stages_[i].main().parameter_list();
    if (rule.end_to_end() && !rule.losses_sent(k).empty()) {
      // One gradient serves both purposes: one pass, as in plain backpropagation.
      variable_list with_respect_to = theta;
      with_respect_to.push_back(a[i]);
      const variable_list gradients = grad({h[i]}, with_respect_to, {delta.at({K - 1, k})});
      accumulate(theta, gradients.data());
      delta[{K - 1, k - 1}] = models::in_compute_layout(gradients.back());
      continue;
    }
    for (const int l : rule.losses_sent(k)) {
      delta[{l, k - 1}] =
          models::in_compute_layout(grad({h[i]}, {a[i]}, {delta.at({l, k})}, /*retain_graph=*/true)[0]);
    }
    if (theta.empty()) continue;
    const at::Tensor mixed = training::mix_gradients(rule, k, [&](int l) { return delta.at({l, k}); });
    accumulate(theta, grad({h[i]}, theta, {mixed}).data());
  }
}

double Oracle::correct_for_padding(BatchResult& result, std::int64_t batch_samples) const {
  const double correction =
      models::Loss(plan_.config.training).correction(batch_samples, plan_.data.target_shape, result.counted);
  for (double& loss : result.loss) loss *= correction;
  return correction;
}

// Copies of one matrix learn from the sum of their gradients (training/tied_weights.h).
void Oracle::sum_tied_gradients() {
  at::Tensor sum;
  for (const models::Stage& stage : stages_) {
    const at::Tensor own = training::tied_gradient(stage);
    if (own.defined()) sum = sum.defined() ? sum + own : own;
  }
  if (!sum.defined()) return;
  for (const models::Stage& stage : stages_) training::set_tied_gradient(stage, sum);
}

BatchResult Oracle::train_batch(const std::vector<data::Batch>& micro_batches, std::int64_t epoch,
                                std::int64_t step) {
  const auto K = static_cast<std::size_t>(plan_.rule.stages());
  BatchResult result{std::vector<double>(K, std::numeric_limits<double>::quiet_NaN()),
                     std::vector<std::int64_t>(K, 0), 0};
  for (training::StageOptimizer& optimizer : optimizers_) optimizer.clear_gradients();

  const std::int64_t batch_samples = total_samples(micro_batches);
  for (std::size_t m = 0; m < micro_batches.size(); ++m) {
    const models::ForwardContext context =
        models::training_context(plan_.config.training.seed, epoch, step, static_cast<int>(m));
    train_micro_batch(micro_batches[m], batch_samples, context, result);
  }
  const double lr =
      schedule::learning_rate(plan_.config.optimizer, step, plan_.steps_per_epoch, plan_.total_steps);
  sum_tied_gradients();
  const double correction = correct_for_padding(result, batch_samples);
  for (training::StageOptimizer& optimizer : optimizers_) optimizer.step(lr, correction);
  return result;
}

BatchResult Oracle::evaluate_batch(const std::vector<data::Batch>& micro_batches) {
  const auto K = static_cast<std::size_t>(plan_.rule.stages());
  BatchResult result{std::vector<double>(K, std::numeric_limits<double>::quiet_NaN()),
                     std::vector<std::int64_t>(K, 0), 0};
  const at::NoGradGuard no_grad;
  const models::Loss loss(plan_.config.training);
  const std::int64_t batch_samples = total_samples(micro_batches);
  for (const data::Batch& batch : micro_batches) {
    result.counted += loss.counted(batch.targets);
    at::Tensor h = batch.inputs;
    for (std::size_t k = 0; k < K; ++k) {
      h = stages_[k].main().forward(models::in_compute_layout(h), {});
      const int stage = static_cast<int>(k);
      if (!plan_.rule.computes_loss(stage)) continue;
      const at::Tensor prediction = plan_.rule.is_last(stage) ? h : stages_[k].head().forward(h, {});
      const double share = loss.share(prediction, batch.targets, batch_samples).item<double>();
      result.loss[k] = (std::isnan(result.loss[k]) ? 0 : result.loss[k]) + share;
      result.correct[k] += loss.correct(prediction, batch.targets);
    }
  }
  correct_for_padding(result, batch_samples);
  return result;
}

}  // namespace interlock::oracle
