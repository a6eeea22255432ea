#include "oracle/oracle.h"

#include <map>

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "models/layout.h"
#include "models/loss.h"
#include "models/precision.h"
#include "models/pretrained.h"
#include "models/training_context.h"
#include "training/mix.h"

namespace interlock::oracle {
namespace {

using config::NonfiniteKind;
using schedule::NonfiniteIn;
using torch::autograd::grad;
using torch::autograd::variable_list;
using training::Suspect;

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

// In memory of its own, as a replica has it: kernels add in an order that depends on where a row begins.
at::Tensor rows_of(const at::Tensor& whole, SampleRange rows) {
  return rows.size() == whole.size(0) ? whole : whole.narrow(0, rows.begin, rows.size()).clone();
}

at::Tensor joined(const std::vector<at::Tensor>& parts) {
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

}  // namespace

Oracle::Copy::Copy(const training::RunPlan& plan, int k, at::Device device)
    : stage([&] {
        models::Stage made(plan.blueprint.stages.at(static_cast<std::size_t>(k)), plan.config.training.seed);
        models::InitialWeights(plan.config, plan.blueprint, plan.data.vocabulary).copy_into(made);
        made.to(device);
        return made;
      }()),
      optimizer(stage, plan.config),
      scaler(plan, k),
      buffers(stage) {}

Oracle::Oracle(const training::RunPlan& plan, Replicas replicas, at::Device device)
    : plan_(plan),
      placement_(replicas == Replicas::kPlayed ? plan.config.partition.placement()
                                               : Placement(plan.rule.stages(), {1})),
      device_(device) {
  for (int k = 0; k < plan.rule.stages(); ++k) {
    copies_.emplace_back();
    for (int r = 0; r < placement_.replicas(k); ++r)
      copies_.back().push_back(std::make_unique<Copy>(plan, k, device));
  }
}

std::vector<models::Stage> Oracle::stages() const {
  std::vector<models::Stage> stages;
  for (const auto& replicas : copies_) stages.push_back(replicas.front()->stage);
  return stages;
}

std::vector<Oracle::Part> Oracle::parts_of(int k, std::int64_t samples,
                                           const models::ForwardContext& context) {
  std::vector<Part> parts;
  const int R = placement_.replicas(k);
  for (int r = 0; r < R; ++r) {
    const SampleRange rows = part_of(samples, r, R);
    if (rows.size() == 0) continue;
    parts.push_back({copy(k, r), r, rows, context, {}, {}});
    if (R == 1) continue;
    parts.back().context.first_row = rows.begin;
    parts.back().context.micro_batch_samples = samples;
  }
  return parts;
}

// Design section 2 / the paper's equations, in its notation, for one micro-batch.
void Oracle::train_micro_batch(const data::Batch& batch, std::int64_t batch_samples,
                               const models::ForwardContext& context) {
  const schedule::GradientRule& rule = plan_.rule;
  const int K = rule.stages();
  const models::Loss loss(plan_.config.training);
  std::vector<std::vector<Part>> stages;  // [k]: its replicas' parts; one, the whole, without replicas
  std::map<std::pair<int, int>, at::Tensor> delta;  // (l, k) -> dL_l / dh_k

  // a_0 = x;  h_k = f_k(a_k; theta_k);  a_{k+1} = h_k detached.
  at::Tensor whole = batch.inputs;
  for (int k = 0; k < K; ++k) {
    stages.push_back(parts_of(k, batch.inputs.size(0), context));
    std::vector<at::Tensor> outputs;
    for (Part& part : stages.back()) {
      part.a = models::in_compute_layout(rows_of(whole, part.rows));
      if (!rule.losses_sent(k).empty()) part.a.requires_grad_();
      if (k == 0) watch(part, NonfiniteIn::kInput, part.a, [] { return Suspect{-1, "the input data"}; });
      part.h = part.copy.stage.main().forward(part.a, part.context);
      watch(part, NonfiniteIn::kActivation, part.h,
            [&] { return training::search_activation(part.copy.stage, part.a.detach(), part.context); });
      outputs.push_back(part.h.detach());
    }
    whole = models::through_wire(joined(outputs), plan_.config);
  }

  // L_k = loss(q_k(h_k; phi_k), y) for k < K-1, L_{K-1} = loss(h_{K-1}, y), with h_k detached; delta(k,k) and
  // phi_k.
  for (int k = 0; k < K; ++k) {
    if (!rule.computes_loss(k)) continue;
    const bool wants_delta = rule.needed(k, k);
    std::vector<at::Tensor> deltas;
    for (Part& part : stages[static_cast<std::size_t>(k)]) {
      const at::Tensor output = part.h.detach();
      if (wants_delta) output.requires_grad_();
      const models::Stage& stage = part.copy.stage;
      const at::Tensor prediction = rule.is_last(k) ? output : stage.head().forward(output, part.context);
      const at::Tensor y = rows_of(batch.targets, part.rows);
      const at::Tensor L = loss.share(prediction, y, batch_samples);
      watch(part, NonfiniteIn::kLoss, L,
            [&] { return training::search_loss(stage, output.detach(), part.context); });
      part.copy.totals.add_loss(L, loss.correct_there(prediction.detach(), y));

      const std::vector<at::Tensor> phi =
          rule.is_last(k) ? std::vector<at::Tensor>{} : stage.head().parameter_list();
      variable_list with_respect_to = phi;
      if (wants_delta) with_respect_to.push_back(output);
      if (with_respect_to.empty()) continue;
      const training::LossScaler& scaler = part.copy.scaler;
      const variable_list gradients = grad({scaler.active() ? L * scaler.own_scale() : L}, with_respect_to);
      accumulate(phi, gradients.data());
      if (wants_delta) deltas.push_back(models::in_compute_layout(gradients.back()));
    }
    if (wants_delta) delta[{k, k}] = joined(deltas);
  }

  // delta(l, k-1) = (dh_k / da_k)^T delta(l, k);   theta_k += (dh_k / dtheta_k)^T mix(delta(., k)).
  for (int k = K - 1; k >= 0; --k) {
    std::map<int, std::vector<at::Tensor>> sent;  // l -> parts of delta(l, k-1)
    for (Part& part : stages[static_cast<std::size_t>(k)]) {
      const auto delta_of = [&](int l) {
        return models::in_compute_layout(rows_of(delta.at({l, k}), part.rows));
      };
      const auto watch_sent = [&](int l, const at::Tensor& gradient) {
        if (part.copy.scaler.active()) return;  // overflow is the scaler's business
        watch(part, NonfiniteIn::kGradient, gradient, [&] {
          return training::search_sent_gradient(part.copy.stage, part.a.detach(), delta_of(l), part.context,
                                                l);
        });
      };
      const std::vector<at::Tensor> theta = part.copy.stage.main().parameter_list();
      if (rule.end_to_end() && !rule.losses_sent(k).empty()) {
        // One gradient serves both purposes: one pass, as in plain backpropagation.
        variable_list with_respect_to = theta;
        with_respect_to.push_back(part.a);
        const variable_list gradients = grad({part.h}, with_respect_to, {delta_of(K - 1)});
        accumulate(theta, gradients.data());
        sent[K - 1].push_back(gradients.back());
        watch_sent(K - 1, gradients.back());
        continue;
      }
      for (const int l : rule.losses_sent(k)) {
        sent[l].push_back(grad({part.h}, {part.a}, {delta_of(l)}, /*retain_graph=*/true)[0]);
        watch_sent(l, sent[l].back());
      }
      if (theta.empty()) continue;
      const auto to_mix = [&](int l) { return part.copy.scaler.for_mixing(delta_of(l), l); };
      accumulate(theta, grad({part.h}, theta, {training::mix_gradients(rule, k, to_mix)}).data());
    }
    for (const auto& [l, parts] : sent) delta[{l, k - 1}] = models::through_wire(joined(parts), plan_.config);
  }
}

BatchResult Oracle::train_batch(const std::vector<data::Batch>& micro_batches, std::int64_t epoch,
                                std::int64_t step) {
  const config::NonfiniteKind nonfinite = plan_.config.training.nonfinite;
  const bool may_leave_out = nonfinite == NonfiniteKind::kSkip || nonfinite == NonfiniteKind::kRewind;
  for (const auto& replicas : copies_) {
    for (const auto& copy : replicas) {
      copy->optimizer.clear_gradients();
      if (may_leave_out) copy->buffers.keep();
    }
  }
  const models::Loss loss(plan_.config.training);
  const std::int64_t batch_samples = total_samples(micro_batches);
  std::int64_t counted = 0;
  batch_ = {0, 0, 1, epoch, step, batch_samples};
  finding_.reset();
  marks_.clear();
  for (std::size_t m = 0; m < micro_batches.size(); ++m) {
    micro_batch_ = static_cast<int>(m);
    const models::ForwardContext context =
        models::training_context(plan_.config.training.seed, epoch, step, static_cast<int>(m));
    counted += loss.counted(micro_batches[m].targets);
    train_micro_batch(data::to(micro_batches[m], device_), batch_samples, context);
  }
  sum_over_replicas();
  watch_gradients();
  const double correction = loss.correction(batch_samples, plan_.data.target_shape, counted);
  if (finding_) {
    leave_out();
  } else {
    agree_on_overflow();
    sum_tied_gradients();
    update(step, correction);
  }
  BatchResult result = take_sums(correction, counted);
  result.left_out = finding_.has_value();
  if (finding_) {
    result.nonfinite = finding_->what;
    result.nonfinite_stage = finding_stage_;
  }
  return result;
}

BatchResult Oracle::evaluate_batch(const std::vector<data::Batch>& micro_batches) {
  const at::NoGradGuard no_grad;
  const models::Loss loss(plan_.config.training);
  const std::int64_t batch_samples = total_samples(micro_batches);
  std::int64_t counted = 0;
  for (const data::Batch& loaded : micro_batches) {
    counted += loss.counted(loaded.targets);
    const data::Batch batch = data::to(loaded, device_);
    at::Tensor h = batch.inputs;
    for (int k = 0; k < plan_.rule.stages(); ++k) {
      Copy& stage = copy(k, 0);
      h = stage.stage.main().forward(models::in_compute_layout(h), {});
      if (plan_.rule.computes_loss(k)) {
        const at::Tensor prediction = plan_.rule.is_last(k) ? h : stage.stage.head().forward(h, {});
        stage.totals.add_loss(loss.share(prediction, batch.targets, batch_samples),
                              loss.correct_there(prediction, batch.targets));
      }
      h = models::through_wire(h, plan_.config);
    }
  }
  return take_sums(loss.correction(batch_samples, plan_.data.target_shape, counted), counted);
}

}  // namespace interlock::oracle
