#include "sweep/metrics.h"

#include <cmath>
#include <filesystem>
#include <map>

#include "runs/metrics.h"

namespace interlock::sweep {
namespace {

double of_last_stage(const runs::PerStage& values) {
  return values.empty() ? runs::kNone : values.back();
}

Evaluation evaluation_of(const runs::Evaluation& read) {
  return {read.step, read.epoch, of_last_stage(read.loss), of_last_stage(read.accuracy)};
}

runs::Metrics read(const std::string& path) {
  return std::filesystem::exists(path) ? runs::read_metrics(path) : runs::Metrics{};
}

double or_zero(double seconds) {
  return std::isfinite(seconds) ? seconds : 0;
}

}  // namespace

RunMetrics read_metrics(const std::string& folder) {
  const runs::Metrics read_back = read(folder + "/metrics.jsonl");
  RunMetrics metrics;
  metrics.started = !read_back.events.empty();
  std::map<int, double> seconds;  // by attempt
  for (const runs::Step& step : read_back.steps) {
    seconds[step.attempt] += or_zero(step.step_seconds);
    metrics.steps = step.step;
  }
  std::map<std::int64_t, Evaluation> evaluations;  // steps after a checkpoint are done again on resuming
  for (const runs::Evaluation& evaluation : read_back.evaluations) {
    if (seconds.count(evaluation.attempt) != 0) evaluations[evaluation.step] = evaluation_of(evaluation);
  }
  for (const runs::Event& event : read_back.events) {
    if (event.event != "end" && event.event != "stop") continue;
    metrics.ended = event.event == "end";
    metrics.steps = event.step;
    seconds[event.attempt] = or_zero(event.seconds);
  }
  for (const auto& [attempt, spent] : seconds) metrics.seconds += spent;
  if (metrics.ended && evaluations.count(metrics.steps) == 0) {
    for (const runs::Evaluation& evaluation : read(folder + "/evaluation/metrics.jsonl").evaluations) {
      if (evaluation.step == metrics.steps) evaluations[metrics.steps] = evaluation_of(evaluation);
    }
  }
  for (const auto& [step, evaluation] : evaluations) metrics.evaluations.push_back(evaluation);
  return metrics;
}

bool lacks_final_evaluation(const RunMetrics& metrics) {
  return metrics.ended && (metrics.evaluations.empty() || metrics.evaluations.back().step != metrics.steps);
}

double score_of(const Evaluation& evaluation, Score score) {
  switch (score) {
    case Score::kAccuracy:
      return evaluation.accuracy;
    case Score::kPerplexity:
      return std::exp(evaluation.loss);
    case Score::kLoss:
      break;
  }
  return evaluation.loss;
}

bool is_better(double a, double b, Score score) {
  if (!std::isfinite(a) || !std::isfinite(b)) return std::isfinite(a);
  return score == Score::kAccuracy ? a > b : a < b;
}

std::optional<Evaluation> choose_evaluation(const RunMetrics& metrics, Score score, Moment when) {
  std::optional<Evaluation> chosen;
  for (const Evaluation& evaluation : metrics.evaluations) {
    const bool later = when == Moment::kLast;
    if (!chosen || later || is_better(score_of(evaluation, score), score_of(*chosen, score), score))
      chosen = evaluation;
  }
  return chosen;
}

}  // namespace interlock::sweep
