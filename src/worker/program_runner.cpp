#include "worker/program_runner.h"

#include "common/activity.h"
#include "common/fault_point.h"

namespace interlock::worker {

using schedule::Action;
using schedule::ActionKind;
using schedule::Message;

// A replica without samples of a micro-batch skips all actions on it.
bool ProgramRunner::has_part(const Action& action) const {
  return replicas_ == 1 || action.kind == ActionKind::kUpdate ||
         part_of(samples(action.micro_batch), own_.replica, replicas_).size() > 0;
}

void ProgramRunner::expect_last_gradients(const PreparedProgram& program) {
  last_loss_ = last_weights_ = nullptr;
  if (buckets_ == nullptr) return;
  for (const PreparedAction& prepared : program.actions) {
    const Action& action = prepared.action;
    if (!has_part(action)) continue;
    if (action.kind == ActionKind::kLocalLoss) last_loss_ = &action;
    if (action.kind == ActionKind::kWeightGradient || action.kind == ActionKind::kBackward)
      last_weights_ = &action;
  }
}

void ProgramRunner::forward(const PreparedAction& prepared, const MicroBatchSource& source) {
  const int m = prepared.action.micro_batch;
  data::Batch batch;
  fault_point("forward");
  if (own_.stage == 0) {
    const trace::Span loading(marks_.recorder, {trace::RecordKind::kLoad, 0, m});
    batch = source(m);
    fault_point("batch_loaded");
  } else {
    StageLinks::Arrival arrival = links_.receive(prepared.takes.front());
    batch = {std::move(arrival.data), std::move(arrival.targets)};
  }
  const at::Tensor output = device_.forward(m, batch.inputs, batch.targets);
  if (!plan_.rule.is_last(own_.stage)) links_.send_activation(m, samples(m), output, batch.targets);
}

void ProgramRunner::take_gradients(const PreparedAction& prepared) {
  for (const Message& message : prepared.takes) {
    device_.accept_gradient(message.micro_batch, message.loss, links_.receive(message).data);
  }
}

void ProgramRunner::input_gradients(const Action& action) {
  const int m = action.micro_batch;
  if (action.stacked == 1) {
    links_.send_gradient(m, samples(m), action.loss, device_.input_gradient(m, action.loss));
    return;
  }
  int loss = action.loss;
  for (const at::Tensor& gradient : device_.stacked_input_gradients(m, action.loss, action.stacked)) {
    links_.send_gradient(m, samples(m), loss++, gradient);
  }
}

void ProgramRunner::update(double learning_rate) {
  fault_point("update");
  links_.check();
  if (buckets_ != nullptr) {
    const trace::Span summing(marks_.recorder, {trace::RecordKind::kSum});
    buckets_->finish();
  }
  if (replicas_ > 1) device_.set_batch_counted(exchange_.sum_over_replicas(device_.counted()));
  if (const std::optional<bool> here = device_.find_nonfinite()) {
    if (exchange_.found_anywhere(*here)) return device_.leave_out();
  }
  if (std::optional<training::LossFlags> found = device_.find_overflow()) {
    exchange_.share_overflows(*found);
    device_.agree_on_overflow(*found);
  }
  if (const at::Tensor own = device_.tied_gradient(); own.defined()) {
    device_.set_tied_gradient(exchange_.sum_tied_gradients(own));
  }
  if (const std::optional<double> own = device_.main_squares()) {
    device_.set_total_squares(exchange_.sum_over_stages(*own));
  }
  device_.update(learning_rate);
  fault_point("updated");
}

void ProgramRunner::carry_out(const PreparedAction& prepared, double learning_rate,
                              const MicroBatchSource& source) {
  const Action& action = prepared.action;
  const int m = action.micro_batch;
  if (&action == last_loss_) buckets_->expect_last(GradientBuckets::Part::kHead);
  if (&action == last_weights_) buckets_->expect_last(GradientBuckets::Part::kMain);
  note_action(static_cast<int>(action.kind), m, action.loss);
  const ActionMark mark(marks_, prepared);
  if (action.kind != ActionKind::kForward) take_gradients(prepared);
  switch (action.kind) {
    case ActionKind::kForward:
      return forward(prepared, source);
    case ActionKind::kLocalLoss:
      fault_point("local_loss");
      return device_.local_loss(m);
    case ActionKind::kInputGradient:
      return input_gradients(action);
    case ActionKind::kWeightGradient:
      fault_point("weight_gradient");
      return device_.weight_gradient(m);
    case ActionKind::kBackward:
      return links_.send_gradient(m, samples(m), action.loss, device_.backward(m, action.loss));
    case ActionKind::kUpdate:
      return update(learning_rate);
  }
}

void ProgramRunner::run(const PreparedProgram& program, const std::vector<std::int64_t>& sizes,
                        double learning_rate, const MicroBatchSource& source,
                        std::array<std::int64_t, schedule::kActionKinds>& actions) {
  sizes_ = &sizes;
  links_.begin_batch();
  expect_last_gradients(program);
  for (const PreparedAction& prepared : program.actions) {
    if (!has_part(prepared.action)) continue;
    carry_out(prepared, learning_rate, source);
    actions[static_cast<std::size_t>(prepared.action.kind)] += prepared.action.stacked;
  }
}

}  // namespace interlock::worker
