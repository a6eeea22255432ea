#include "coordinator/run_recorder.h"

#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "common/clock.h"
#include "common/log_file.h"
#include "schedule/learning_rate.h"

namespace interlock::coordinator {

RunRecorder::RunRecorder(const Job& job, bool append, Purpose purpose, LiveFile* live)
    : job_(job),
      log_(job.config.run.dir + "/metrics.jsonl", append),
      live_(live),
      display_(job),
      classification_(job.config.training.loss == config::LossKind::kCrossEntropy),
      started_(monotonic_seconds()),
      previous_step_(started_),
      epoch_started_(started_) {
  if (!job.recorder_state.empty()) earlier_ = epoch_ = parse_running_sums(job.recorder_state, job.stages());
  const RunMetrics start = run_metrics("start", job.steps_done);
  log_.write(start);
  if (job.config.run.tensorboard) board_.emplace(job, purpose == Purpose::kTraining, start.time);
}

double RunRecorder::seconds() const {
  return monotonic_seconds() - started_;
}

void RunRecorder::record_step(const BatchRecord& record) {
  const double now = monotonic_seconds();
  RunningSums batch;
  batch.add(record);
  const bool left_out = record.stages.front().left_out != 0;
  if (!left_out) epoch_.add(record);
  ++steps_seen_;

  StepMetrics metrics;
  metrics.step = record.order.step;
  metrics.epoch = record.order.epoch + 1;
  metrics.loss = batch.mean_loss();
  metrics.busy_fraction = batch.busy_fraction();
  metrics.accuracy = batch.accuracy(classification_).back();
  metrics.lr =
      schedule::learning_rate(job_.config.optimizer, metrics.step, job_.steps_per_epoch, job_.total_steps);
  metrics.step_seconds = now - std::exchange(previous_step_, now);
  metrics.samples_per_second =
      static_cast<double>(record.order.samples) / std::max(1e-9, metrics.step_seconds);
  metrics.tokens_per_second =
      job_.text ? static_cast<double>(batch.targets) / std::max(1e-9, metrics.step_seconds) : kNone;
  metrics.left_out = left_out;
  metrics.time = wall_seconds();
  for (const schedule::Report& report : record.stages)
    metrics.memory_mebibytes.push_back(report.peak_memory_mebibytes);
  log_.write(metrics);
  if (board_) board_->write(metrics);

  // The line shows the epoch's mean rate: single steps are noisy.
  StepMetrics shown = metrics;
  const double epoch_seconds = std::max(1e-9, now - epoch_started_);
  shown.samples_per_second = static_cast<double>(epoch_.samples - earlier_.samples) / epoch_seconds;
  if (job_.text)
    shown.tokens_per_second = static_cast<double>(epoch_.targets - earlier_.targets) / epoch_seconds;
  const double per_step = (now - started_) / static_cast<double>(steps_seen_);
  const double seconds_left = per_step * static_cast<double>(job_.total_steps - metrics.step);
  display_.show(shown, seconds_left);
  if (live_ != nullptr) live_->step(shown, seconds_left);

  sent_bytes_.resize(record.stages.size(), 0);
  for (std::size_t k = 0; k < record.stages.size(); ++k)
    sent_bytes_[k] += static_cast<double>(record.stages[k].sent_bytes);
  cpu_seconds_.clear();
  peak_memory_.clear();
  peak_activations_.clear();
  micro_batch_activations_.clear();
  for (const schedule::Report& report : record.stages) {
    cpu_seconds_.push_back(report.cpu_seconds);
    peak_memory_.push_back(report.peak_memory_mebibytes);
    peak_activations_.push_back(static_cast<double>(report.peak_activation_bytes));
    micro_batch_activations_.push_back(static_cast<double>(report.micro_batch_activation_bytes));
  }
  if (steps_seen_ == 1) first_step_cpu_seconds_ = cpu_seconds_;
  if (!job_.ends_epoch(metrics.step)) return;
  end_epoch(metrics, now);
}

void RunRecorder::end_epoch(const StepMetrics& last, double now) {
  const double seconds = now - epoch_started_;
  const EpochMetrics metrics{last.step,
                             last.epoch,
                             epoch_.mean_loss(),
                             epoch_.accuracy(classification_),
                             epoch_.busy_fraction(),
                             seconds,
                             static_cast<double>(epoch_.samples - earlier_.samples) / std::max(1e-9, seconds),
                             last.time};
  log_.write(metrics);
  if (board_) board_->write(metrics);
  note_in_log_file(fmt::format("epoch {} done at step {}: loss {}", metrics.epoch, metrics.step,
                               format_losses(metrics.loss)));
  epoch_ = earlier_ = {};
  epoch_started_ = now;
}

void RunRecorder::record_evaluation(const BatchRecord& record) {
  evaluation_.add(record);
  if (record.order.ends_evaluation == 0) return;
  last_evaluation_ = EvalMetrics{record.order.step,
                                 record.order.epoch + 1,
                                 evaluation_.mean_loss(),
                                 evaluation_.accuracy(classification_),
                                 {},
                                 wall_seconds()};
  if (job_.text) {
    for (const double loss : last_evaluation_->loss) last_evaluation_->perplexity.push_back(std::exp(loss));
  }
  log_.write(*last_evaluation_);
  if (board_) board_->write(*last_evaluation_);
  if (live_ != nullptr) live_->evaluation(*last_evaluation_);
  display_.show(*last_evaluation_);
  note_in_log_file(describe(*last_evaluation_));
  evaluation_ = {};
  previous_step_ = epoch_started_ = monotonic_seconds();  // evaluation time is not the next step's
}

void RunRecorder::record_checkpoint(CheckpointMetrics metrics) {
  metrics.time = wall_seconds();
  log_.write(metrics);
  if (live_ != nullptr) live_->checkpoint(metrics);
  note_in_log_file(fmt::format("checkpoint of step {} is on disk", metrics.step));
}

void RunRecorder::finish(double coordinator_cpu_seconds, bool stopped) {
  display_.finish_line();
  RunMetrics metrics = run_metrics(stopped ? "stop" : "end", job_.steps_done + steps_seen_);
  metrics.seconds = seconds();
  metrics.coordinator_cpu_seconds = coordinator_cpu_seconds;
  metrics.cpu_seconds = metrics.cpu_seconds_in_steps = cpu_seconds_;
  for (std::size_t k = 0; k < cpu_seconds_.size(); ++k)
    metrics.cpu_seconds_in_steps[k] -= first_step_cpu_seconds_[k];
  metrics.peak_memory_mebibytes = peak_memory_;
  metrics.sent_bytes = sent_bytes_;
  metrics.peak_activation_bytes = peak_activations_;
  metrics.micro_batch_activation_bytes = micro_batch_activations_;
  log_.write(metrics);
  if (live_ != nullptr) live_->finish(stopped ? "stopped" : "done");
  note_in_log_file(fmt::format("{} after step {}", stopped ? "stopped" : "done", metrics.steps));
}

RunMetrics RunRecorder::run_metrics(const std::string& event, std::int64_t steps) const {
  RunMetrics metrics;
  metrics.event = event;
  metrics.stages = job_.stages();
  metrics.horizon = job_.config.horizon();
  metrics.micro_batches = job_.config.schedule.micro_batches;
  metrics.steps = steps;
  metrics.time = wall_seconds();
  return metrics;
}

}  // namespace interlock::coordinator
