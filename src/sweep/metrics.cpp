#include "sweep/metrics.h"

#include <cmath>
#include <limits>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/files.h"

namespace interlock::sweep {
namespace {

using nlohmann::json;

double number(const json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

double of_last_stage(const json& line, const char* field) {
  const auto found = line.find(field);
  return found != line.end() && found->is_array() && !found->empty() ? number(found->back()) : number({});
}

Evaluation evaluation_of(const json& line) {
  return {line.value("step", std::int64_t{0}), line.value("epoch", std::int64_t{0}),
          of_last_stage(line, "loss"), of_last_stage(line, "accuracy")};
}

std::vector<json> read_lines(const std::string& path) {
  std::vector<json> lines;
  std::string content;
  std::string reason;
  if (!read_file(path, content, reason)) return lines;
  std::istringstream stream(content);
  for (std::string text; std::getline(stream, text);) {
    json line = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_object() && line.value("kind", json()).is_string()) lines.push_back(std::move(line));
  }
  return lines;
}

// One attempt at training or evaluating: from one "start" to the next.
struct Session {
  bool trained = false;
  double step_seconds = 0;
};

RunMetrics read(const std::string& folder) {
  RunMetrics metrics;
  std::map<std::int64_t, Evaluation> evaluations;  // steps after a checkpoint are done again on resuming
  Session session;
  for (const json& line : read_lines(folder + "/metrics.jsonl")) {
    const std::string kind = line.at("kind").get<std::string>();
    if (kind == "run" && line.value("event", "") == "start") {
      metrics.started = true;
      metrics.seconds += session.step_seconds;  // of an attempt without an end
      session = {};
    } else if (kind == "step") {
      session.trained = true;
      session.step_seconds += line.value("step_seconds", 0.0);
      metrics.steps = line.value("step", metrics.steps);
    } else if (kind == "eval" && session.trained) {
      const Evaluation evaluation = evaluation_of(line);
      evaluations[evaluation.step] = evaluation;
    } else if (kind == "run" && line.value("event", "") == "end") {
      metrics.ended = true;
      metrics.steps = line.value("steps", metrics.steps);
      metrics.seconds += line.value("seconds", 0.0);
      session = {};
    }
  }
  metrics.seconds += session.step_seconds;
  if (metrics.ended && evaluations.count(metrics.steps) == 0) {
    for (const json& line : read_lines(folder + "/evaluation/metrics.jsonl")) {
      if (line.at("kind") == "eval" && evaluation_of(line).step == metrics.steps)
        evaluations[metrics.steps] = evaluation_of(line);
    }
  }
  for (const auto& [step, evaluation] : evaluations) metrics.evaluations.push_back(evaluation);
  return metrics;
}

}  // namespace

RunMetrics read_metrics(const std::string& folder) {
  try {
    return read(folder);
  } catch (const json::exception& error) {
    throw DataError(fmt::format("{}/metrics.jsonl: not as interlock writes it: {}", folder, error.what()));
  }
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
