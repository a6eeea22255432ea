#pragma once
// What a run's metrics.jsonl says about it (docs/metrics.md).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sweep/grid.h"

namespace interlock::sweep {

// Of the last stage; NaN where the run wrote null.
struct Evaluation {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  double loss = 0;
  double accuracy = 0;
};

struct RunMetrics {
  bool started = false;
  bool ended = false;                   // trained to its end
  std::int64_t steps = 0;               // optimizer steps done
  double seconds = 0;                   // of all attempts together
  std::vector<Evaluation> evaluations;  // of training, by step; one a step
};

// Reads <folder>/metrics.jsonl; a missing file is a run that has not started, a line torn by a crash is
// passed over. Only evaluations that belong to training count: somebody may have evaluated the run on other
// data since. Where the last one is missing (the run was stopped just before it),
// <folder>/evaluation/metrics.jsonl is looked at.
RunMetrics read_metrics(const std::string& folder);

// Did it end, without an evaluation of its final weights?
bool lacks_final_evaluation(const RunMetrics& metrics);

// The number that runs are compared by; lower is better but for accuracy. May be NaN or infinite.
double score_of(const Evaluation& evaluation, Score score);
bool is_better(double a, double b, Score score);  // a number that is not finite is never better

// The evaluation that counts; none where there are none.
std::optional<Evaluation> choose_evaluation(const RunMetrics& metrics, Score score, Moment when);

}  // namespace interlock::sweep
