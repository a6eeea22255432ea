#include "worker/numeric_guard.h"

#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/log.h"

namespace interlock::worker {

using config::NonfiniteKind;
using schedule::NonfiniteIn;
using training::Finding;

NumericGuard::NumericGuard(const training::RunPlan& plan, const models::Stage& stage, int replica,
                           bool on_accelerator)
    : plan_(plan),
      stage_(stage),
      kind_(plan.config.training.nonfinite),
      on_accelerator_(on_accelerator),
      // On the CPU `stop` ends the run before anything is sent on.
      watches_arrivals_(kind_ != NonfiniteKind::kStop || on_accelerator),
      buffers_(stage) {
  batch_.stage = stage.number();
  batch_.replica = replica;
  batch_.replicas = plan.config.partition.placement().replicas(stage.number());
}

void NumericGuard::begin_batch(bool training, std::int64_t epoch, std::int64_t step,
                               std::int64_t batch_samples) {
  watching_ = training && kind_ != NonfiniteKind::kIgnore;
  decided_ = Decided::kNothing;
  finding_ = {};
  marks_.clear();
  if (!watching_) return;
  batch_.epoch = epoch;
  batch_.step = step;
  batch_.samples = batch_samples;
  if (kind_ != NonfiniteKind::kStop) buffers_.keep();
}

bool NumericGuard::look(const Value& value, bool arrived) {
  if (!value.tensor.is_floating_point()) return false;
  if (on_accelerator_) {
    marks_.add({value.in, value.micro_batch, batch_.stage, batch_.replica, arrived}, value.tensor);
    return false;
  }
  if (training::all_finite(value.tensor)) return false;
  if (arrived) decided_ = Decided::kArrived;
  return !arrived;
}

void NumericGuard::found(const Value& value, const training::Suspect& suspect) {
  Finding finding;
  finding.what.in = value.in;
  finding.what.micro_batch = value.micro_batch;
  finding.what.layer = suspect.layer;
  finding.subject = suspect.subject;
  finding.rows = training::rows_not_finite(value.tensor);
  decide(std::move(finding));
}

void NumericGuard::decide(Finding finding) {
  decided_ = Decided::kHere;
  finding_ = std::move(finding);
  if (kind_ == NonfiniteKind::kStop)
    throw training::NonfiniteError(training::describe_end(finding_, plan_, batch_));
  log_warning(training::describe(finding_, plan_, batch_));
}

void NumericGuard::look_at_gradients() {
  const std::vector<at::Tensor> gradients = training::gradients_of(stage_);
  for (const at::Tensor& gradient : gradients) {
    if (training::all_finite(gradient)) continue;
    const training::Suspect suspect = training::search_weight_gradient(stage_);
    Finding finding;
    finding.what = {NonfiniteIn::kGradient, -1, suspect.layer, 0};
    finding.subject = suspect.subject;
    return decide(std::move(finding));
  }
}

void NumericGuard::read_marks(bool gradients, training::BatchTotals& totals) {
  const training::FiniteMarks::Read read =
      marks_.read(gradients ? training::gradients_of(stage_) : std::vector<at::Tensor>{}, {&totals});
  if (!read.first) {
    if (!read.gradients_finite) look_at_gradients();
    return;
  }
  if (read.first->arrived)
    decided_ = Decided::kArrived;
  else
    decide(training::finding_of(*read.first, stage_));
}

std::optional<bool> NumericGuard::finish(bool gradients, training::BatchTotals& totals) {
  if (!watching_) return std::nullopt;
  if (doomed_) {
    // A batch has passed, and the neighbour has not spoken.
    throw training::NonfiniteError(
        fmt::format("stage {}: what came from a neighbouring stage in the step before step {} was NaN or "
                    "infinite, though that stage found nothing: it grew too large on the way?",
                    batch_.stage, batch_.step));
  }
  if (on_accelerator_) {
    read_marks(gradients, totals);
  } else if (gradients && decided_ == Decided::kNothing) {
    look_at_gradients();
  }
  if (kind_ != NonfiniteKind::kStop) return decided_ != Decided::kNothing;
  doomed_ = decided_ == Decided::kArrived;
  return std::nullopt;
}

void NumericGuard::leave_out() {
  buffers_.put_back();
}

}  // namespace interlock::worker
