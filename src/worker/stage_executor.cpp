#include "worker/stage_executor.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "common/error.h"
#include "common/fault_point.h"
#include "common/placement.h"
#include "data/sampler.h"
#include "models/layout.h"
#include "models/training_context.h"
#include "schedule/program.h"
#include "training/gradient_clipping.h"
#include "training/mix.h"
#include "worker/allocation_meter.h"
#include "worker/stacked_gradient.h"

namespace interlock::worker {
namespace {

using schedule::NonfiniteIn;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

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
      guard_(plan, stage, surroundings.replica, stopwatch_.has_value()),
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
  left_out_ = false;
  guard_.begin_batch(training, epoch, step, batch_samples);
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
  const NumericGuard::Value given{number_ == 0 ? NonfiniteIn::kInput : NonfiniteIn::kActivation, m,
                                  slot.input};
  if (number_ == 0) {
    guard_.made(given, [] { return training::Suspect{-1, "the input data"}; });
  } else {
    guard_.arrived(given);
  }
  slot.targets = targets;
  if (targets.defined()) totals_.add_counted(loss_.counted_there(targets));
  if (training_) slot.bytes = static_cast<std::int64_t>(activation.nbytes());
  count_bytes();
  run_forward(slot, context(m), training_ && !recompute_);
  // Behind autograd's back: a fault changes nothing else.
  if (training_ && fault_point("output") == Fault::kNan) slot.output.variable_data().fill_(kNan);
  at::Tensor output = slot.output.detach();
  guard_.made({NonfiniteIn::kActivation, m, output},
              [&] { return training::search_activation(stage_, slot.input, context(m)); });
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
  at::Tensor share = loss_.share(prediction, slot.targets, batch_samples_);
  if (training_ && fault_point("loss") == Fault::kNan) share = share * kNan;
  guard_.made({NonfiniteIn::kLoss, m, share},
              [&] { return training::search_loss(stage_, output, context(m)); });
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
  InFlight& slot = in_flight(m);
  slot.deltas[loss] = models::in_compute_layout(gradient);
  // A gradient that carries a loss's scale may overflow: the scaler's business.
  if (!scaler_.active()) guard_.arrived({NonfiniteIn::kGradient, m, slot.deltas[loss]});
}

void StageExecutor::watch_sent(int m, int loss, const InFlight& slot, const at::Tensor& gradient) {
  if (scaler_.active()) return;
  guard_.made({NonfiniteIn::kGradient, m, gradient}, [&] {
    return training::search_sent_gradient(stage_, slot.input, slot.deltas.at(loss), context(m), loss);
  });
}

at::Tensor StageExecutor::input_gradient(int m, int loss) {
  const Busy marked = busy();
  InFlight& slot = in_flight(m);
  ensure_graph(slot, m);
  at::Tensor gradient =
      torch::autograd::grad({slot.output}, {slot.input}, {slot.deltas.at(loss)}, /*retain_graph=*/true)[0];
  watch_sent(m, loss, slot, gradient);
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
  for (int i = 0; i < count; ++i) watch_sent(m, first + i, slot, gradients[static_cast<std::size_t>(i)]);
  drop_graph(slot);
  return gradients;
}

void StageExecutor::weight_gradient(int m) {
  const Busy marked = busy();
  InFlight& slot = in_flight(m);
  if (!theta_.empty()) {
    ensure_graph(slot, m);
    at::Tensor mixed = training::mix_gradients(
        plan_.rule, number_, [&](int loss) { return scaler_.for_mixing(slot.deltas.at(loss), loss); });
    if (fault_point("gradient") == Fault::kNan) mixed = mixed * kNan;
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
  at::Tensor& delta = slot.deltas.at(loss);
  if (fault_point("gradient") == Fault::kNan) delta = delta * kNan;
  torch::autograd::backward({slot.output}, {delta}, /*retain_graph=*/false, /*create_graph=*/false, leaves);
  at::Tensor gradient = slot.input.grad();
  watch_sent(m, loss, slot, gradient);
  in_flight_.erase(m);
  return gradient;
}

std::optional<double> StageExecutor::take_busy_seconds() {
  if (!stopwatch_) return std::nullopt;
  return stopwatch_->take_seconds();
}

}  // namespace interlock::worker
