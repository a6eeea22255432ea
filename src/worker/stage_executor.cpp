#include "worker/stage_executor.h"

#include <algorithm>

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "common/error.h"
#include "common/placement.h"
#include "data/sampler.h"
#include "models/layout.h"
#include "models/training_context.h"
#include "schedule/program.h"
#include "training/gradient_clipping.h"
#include "training/mix.h"
#include "training/tied_weights.h"
#include "worker/allocation_meter.h"
#include "worker/stacked_gradient.h"

namespace interlock::worker {

StageExecutor::StageExecutor(const training::RunPlan& plan, const models::Stage& stage,
                             training::StageOptimizer& optimizer, const Surroundings& surroundings)
    : plan_(plan),
      stage_(stage),
      optimizer_(optimizer),
      loss_(plan.config.training),
      number_(stage.number()),
      surroundings_(surroundings),
      replicas_(plan.config.partition.placement().replicas(stage.number())),
      stopwatch_(surroundings.device != nullptr && surroundings.device->is_gpu()
                     ? std::optional<device::Stopwatch>(std::in_place, *surroundings.device)
                     : std::nullopt),
      recompute_(plan.config.training.recompute),
      clips_globally_(training::clips_globally(plan.config.training)),
      scaler_(plan, stage.number()),
      theta_(stage.main().parameter_list()),
      phi_(stage.has_head() ? stage.head().parameter_list() : std::vector<at::Tensor>{}) {}

void StageExecutor::begin_batch(bool training, std::int64_t epoch, std::int64_t step,
                                std::int64_t batch_samples) {
  INTERLOCK_CHECK(in_flight_.empty(), fmt::format("{} micro-batches left over", in_flight_.size()));
  training_ = training;
  epoch_ = epoch;
  step_ = step;
  batch_samples_ = batch_samples;
  sizes_ = data::micro_batch_sizes(batch_samples, plan_.micro_batch_size);
  batch_counted_ = -1;
  skip_ = {};
  total_squares_.reset();
  totals_.clear();
  if (training) optimizer_.clear_gradients();
}

StageExecutor::InFlight& StageExecutor::in_flight(int m) {
  const auto found = in_flight_.find(m);
  INTERLOCK_CHECK(found != in_flight_.end(),
                  fmt::format("stage {}: micro-batch {} is not in flight", number_, m));
  return found->second;
}

models::ForwardContext StageExecutor::context(int m) const {
  if (!training_) return {};
  models::ForwardContext context = models::training_context(plan_.config.training.seed, epoch_, step_, m);
  if (replicas_ == 1) return context;
  const std::int64_t samples = sizes_.at(static_cast<std::size_t>(m));
  context.first_row = part_of(samples, surroundings_.replica, replicas_).begin;
  context.micro_batch_samples = samples;
  context.replicas = surroundings_.statistics;
  return context;
}

void StageExecutor::run_forward(InFlight& slot, const models::ForwardContext& context, bool with_graph) {
  const at::AutoGradMode gradients(with_graph);
  const auto compute = [&] { slot.output = stage_.main().forward(slot.input, context); };
  slot.has_graph = with_graph;
  if (!with_graph) {
    compute();
    return;
  }
  const std::int64_t samples = slot.input.size(0);
  const auto known = graph_bytes_.find(samples);
  if (known == graph_bytes_.end()) {
    graph_bytes_[samples] = bytes_kept_by(compute);
  } else {
    compute();
  }
  slot.bytes += graph_bytes_[samples];
  count_bytes();
}

void StageExecutor::count_bytes() {
  std::int64_t now = 0;
  for (const auto& [m, slot] : in_flight_) {
    now += slot.bytes;
    full_micro_batch_bytes_ = std::max(full_micro_batch_bytes_, slot.bytes);
  }
  peak_bytes_ = std::max(peak_bytes_, now);
}

at::Tensor StageExecutor::forward(int m, const at::Tensor& activation, const at::Tensor& targets) {
  const Busy marked = busy();
  InFlight& slot = in_flight_[m];
  slot.input = models::in_compute_layout(activation);
  if (training_ && !plan_.rule.losses_sent(number_).empty()) slot.input.requires_grad_();
  slot.targets = targets;
  if (targets.defined()) totals_.add_counted(loss_.counted_there(targets));
  if (training_) slot.bytes = static_cast<std::int64_t>(activation.nbytes());
  count_bytes();
  run_forward(slot, context(m), training_ && !recompute_);
  at::Tensor output = slot.output.detach();
  if (recompute_ && !plan_.rule.computes_loss(number_)) slot.output.reset();
  if (training_ && schedule::ends_micro_batch(plan_.rule, number_, schedule::ActionKind::kForward))
    in_flight_.erase(m);
  return output;
}

void StageExecutor::ensure_graph(InFlight& slot, int m) {
  if (slot.has_graph) return;
  models::ForwardContext again = context(m);
  again.recomputing = true;
  run_forward(slot, again, true);
}

// Between its gradients a recomputed micro-batch is its input again.
void StageExecutor::drop_graph(InFlight& slot) {
  if (!recompute_) return;
  slot.output.reset();
  slot.has_graph = false;
  slot.bytes = static_cast<std::int64_t>(slot.input.nbytes());
}

void StageExecutor::local_loss(int m) {
  const Busy marked = busy();
  InFlight& slot = in_flight(m);
  const at::AutoGradMode gradients(training_);
  const bool last = plan_.rule.is_last(number_);
  const bool wants_delta = training_ && plan_.rule.needed(number_, number_);

  // The head learns on a detached output, so that nothing of it reaches theta_k but delta(k,k).
  const at::Tensor output = slot.output.detach();
  if (wants_delta) output.requires_grad_();
  const at::Tensor prediction = last ? output : stage_.head().forward(output, context(m));
  const at::Tensor share = loss_.share(prediction, slot.targets, batch_samples_);
  totals_.add_loss(share, loss_.correct_there(prediction.detach(), slot.targets));
  if (recompute_) slot.output.reset();
  if (!training_) return;

  torch::autograd::variable_list leaves = phi_;
  if (wants_delta) leaves.push_back(output);
  if (!leaves.empty())
    torch::autograd::backward({scaler_.active() ? share * scaler_.own_scale() : share}, {},
                              /*retain_graph=*/false, /*create_graph=*/false, leaves);
  if (wants_delta) slot.deltas[number_] = models::in_compute_layout(output.grad());
  if (schedule::ends_micro_batch(plan_.rule, number_, schedule::ActionKind::kLocalLoss)) in_flight_.erase(m);
}

void StageExecutor::accept_gradient(int m, int loss, const at::Tensor& gradient) {
  in_flight(m).deltas[loss] = models::in_compute_layout(gradient);
}

at::Tensor StageExecutor::input_gradient(int m, int loss) {
  const Busy marked = busy();
  InFlight& slot = in_flight(m);
  ensure_graph(slot, m);
  at::Tensor gradient =
      torch::autograd::grad({slot.output}, {slot.input}, {slot.deltas.at(loss)}, /*retain_graph=*/true)[0];
  drop_graph(slot);
  return gradient;
}

std::vector<at::Tensor> StageExecutor::stacked_input_gradients(int m, int first, int count) {
  const Busy marked = busy();
  InFlight& slot = in_flight(m);
  ensure_graph(slot, m);
  std::vector<at::Tensor> deltas;
  for (int loss = first; loss < first + count; ++loss) deltas.push_back(slot.deltas.at(loss));
  std::vector<at::Tensor> gradients = worker::stacked_input_gradients(slot.output, slot.input, deltas);
  drop_graph(slot);
  return gradients;
}

void StageExecutor::weight_gradient(int m) {
  const Busy marked = busy();
  InFlight& slot = in_flight(m);
  if (!theta_.empty()) {
    ensure_graph(slot, m);
    const at::Tensor mixed = training::mix_gradients(
        plan_.rule, number_, [&](int loss) { return scaler_.for_mixing(slot.deltas.at(loss), loss); });
    torch::autograd::backward({slot.output}, {mixed}, /*retain_graph=*/false, /*create_graph=*/false, theta_);
  }
  in_flight_.erase(m);
}

at::Tensor StageExecutor::backward(int m, int loss) {
  const Busy marked = busy();
  InFlight& slot = in_flight(m);
  ensure_graph(slot, m);
  torch::autograd::variable_list leaves = theta_;
  leaves.push_back(slot.input);
  torch::autograd::backward({slot.output}, {slot.deltas.at(loss)}, /*retain_graph=*/false,
                            /*create_graph=*/false, leaves);
  at::Tensor gradient = slot.input.grad();
  in_flight_.erase(m);
  return gradient;
}

at::Tensor StageExecutor::tied_gradient() {
  return training::tied_gradient(stage_);
}

void StageExecutor::set_tied_gradient(const at::Tensor& sum) {
  training::set_tied_gradient(stage_, sum);
}

double StageExecutor::correction() const {
  const std::int64_t counted = batch_counted_ < 0 ? totals_.read().counted : batch_counted_;
  return loss_.correction(batch_samples_, plan_.data.target_shape, counted);
}

std::optional<training::LossFlags> StageExecutor::find_overflow() {
  if (!scaler_.active()) return std::nullopt;
  return scaler_.flags(optimizer_.unscale(scaler_.main_scale(), scaler_.own_scale()));
}

void StageExecutor::agree_on_overflow(const training::LossFlags& found) {
  skip_ = scaler_.agree(found);
}

training::Update StageExecutor::update_so_far() const {
  training::Update update;
  update.gradient_scale = correction();
  update.skip = skip_;
  update.squares = total_squares_;
  return update;
}

std::optional<double> StageExecutor::main_squares() {
  if (!clips_globally_) return std::nullopt;
  return optimizer_.main_squares(update_so_far(), training::counts_tied_matrix(plan_.blueprint, number_));
}

void StageExecutor::update(double learning_rate) {
  const Busy marked = busy();
  training::Update update = update_so_far();
  update.learning_rate = learning_rate;
  optimizer_.step(update);
  totals_.scale_loss(correction());
}

void StageExecutor::end_evaluation() {
  totals_.scale_loss(correction());
  in_flight_.clear();
}

std::optional<double> StageExecutor::take_busy_seconds() {
  if (!stopwatch_) return std::nullopt;
  return stopwatch_->take_seconds();
}

}  // namespace interlock::worker
