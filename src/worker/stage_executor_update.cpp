// What a stage does when a batch's gradients are complete: what it must hear of other stages, then its
// update.

#include "training/gradient_clipping.h"
#include "training/tied_weights.h"
#include "worker/stage_executor.h"

namespace interlock::worker {

at::Tensor StageExecutor::tied_gradient() {
  return training::tied_gradient(stage_);
}

void StageExecutor::set_tied_gradient(const at::Tensor& sum) {
  training::set_tied_gradient(stage_, sum);
}

double StageExecutor::correction() const {
  const std::int64_t counted = batch_counted_ < 0 ? totals_.counted() : batch_counted_;
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

std::optional<bool> StageExecutor::find_nonfinite() {
  const Busy marked = busy();
  return guard_.finish(/*gradients=*/!scaler_.active(), totals_);
}

void StageExecutor::leave_out() {
  left_out_ = true;
  guard_.leave_out();
  optimizer_.begin();
  totals_.scale_loss(correction());
}

std::optional<schedule::Nonfinite> StageExecutor::left_out() const {
  return left_out_ ? std::optional(guard_.finding()) : std::nullopt;
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

}  // namespace interlock::worker
