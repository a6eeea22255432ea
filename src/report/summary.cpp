#include "report/summary.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/format.h"

namespace interlock::report {
namespace {

// std::min and std::max with NaN for "none".
double lower(double a, double b) {
  return !(a <= b) && std::isfinite(b) ? b : a;
}
double higher(double a, double b) {
  return !(a >= b) && std::isfinite(b) ? b : a;
}

void raise(runs::PerStage& to, const runs::PerStage& values, double factor = 1) {
  to.resize(std::max(to.size(), values.size()), runs::kNone);
  for (std::size_t k = 0; k < values.size(); ++k) to[k] = higher(to[k], values[k] * factor);
}

double median(std::vector<double> values) {
  if (values.empty()) return runs::kNone;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void evaluate(const Run& run, Summary& summary) {
  for (const runs::Evaluation& evaluation : run.metrics.evaluations) {
    summary.final_loss = last_of(evaluation.loss);
    summary.final_accuracy = last_of(evaluation.accuracy);
    summary.final_perplexity = last_of(evaluation.perplexity);
    summary.best_loss = lower(summary.best_loss, summary.final_loss);
    summary.best_accuracy = higher(summary.best_accuracy, summary.final_accuracy);
    summary.best_perplexity = lower(summary.best_perplexity, summary.final_perplexity);
  }
}

double recent_loss(const Run& run) {
  constexpr std::size_t kSteps = 20;
  if (!run.metrics.epochs.empty() && run.metrics.epochs.back().step == run.metrics.steps.back().step)
    return last_of(run.metrics.epochs.back().loss);
  const std::size_t count = std::min(kSteps, run.metrics.steps.size());
  double sum = 0;
  for (std::size_t i = run.metrics.steps.size() - count; i < run.metrics.steps.size(); ++i)
    sum += last_of(run.metrics.steps[i].loss);
  return sum / static_cast<double>(count);
}

void measure_steps(const Run& run, Summary& summary) {
  double seconds = 0;
  double samples = 0;
  double tokens = 0;
  std::vector<double> times;
  std::vector<double> busy_seconds;
  for (std::size_t i = 0; i < run.metrics.steps.size(); ++i) {
    const runs::Step& step = run.metrics.steps[i];
    summary.left_out += step.left_out ? 1 : 0;
    raise(summary.memory_mebibytes, step.memory_mebibytes);
    // A run so short that all its steps are first ones must do with them.
    const bool counts = !run.starts_attempt(i) || run.metrics.steps.size() < 3;
    if (!counts || !std::isfinite(step.step_seconds)) continue;
    times.push_back(step.step_seconds);
    seconds += step.step_seconds;
    samples += step.samples_per_second * step.step_seconds;
    tokens += step.tokens_per_second * step.step_seconds;
    busy_seconds.resize(std::max(busy_seconds.size(), step.busy_fraction.size()), 0);
    for (std::size_t k = 0; k < step.busy_fraction.size(); ++k)
      busy_seconds[k] += step.busy_fraction[k] * step.step_seconds;
  }
  summary.step_seconds = median(times);
  if (!(seconds > 0)) return;
  summary.samples_per_second = samples / seconds;
  summary.tokens_per_second = tokens / seconds;
  for (const double busy : busy_seconds) summary.busy.push_back(busy / seconds);
}

}  // namespace

double last_of(const runs::PerStage& values) {
  return values.empty() ? runs::kNone : values.back();
}

double Summary::busy_mean() const {
  double sum = 0;
  for (const double share : busy) sum += share;
  return busy.empty() ? runs::kNone : sum / static_cast<double>(busy.size());
}

double Summary::memory_most() const {
  double most = runs::kNone;
  for (const double memory : memory_mebibytes) most = higher(most, memory);
  return most;
}

Summary summarise(const Run& run) {
  Summary summary;
  evaluate(run, summary);
  measure_steps(run, summary);
  summary.final_training_loss = recent_loss(run);
  summary.steps = run.metrics.steps.back().step;
  summary.epochs = static_cast<double>(summary.steps) / run.steps_per_epoch;
  summary.seconds = run.seconds.back();
  constexpr double kBytesAMebibyte = 1024.0 * 1024.0;
  for (const runs::Event& event : run.metrics.events) {
    raise(summary.memory_mebibytes, event.peak_memory_mebibytes);
    raise(summary.activation_mebibytes, event.peak_activation_bytes, 1 / kBytesAMebibyte);
  }
  return summary;
}

std::string state_in_words(const Run& run) {
  const std::string step = with_thousands(static_cast<double>(run.metrics.steps.back().step));
  switch (run.state) {
    case State::kDone:
      return "finished";
    case State::kRunning:
      return fmt::format("still running, at step {}", step);
    case State::kStopped:
      return fmt::format("stopped after step {}; the same command goes on", step);
    case State::kFailed:
      return fmt::format("failed after step {}: {}", step, run.failure);
    case State::kUnfinished:
      break;
  }
  return fmt::format("ended without a word after step {}; the same command goes on from its last checkpoint",
                     step);
}

}  // namespace interlock::report
