#pragma once
// The schedule as it was meant to run, beside what was measured.

#include <cstdint>
#include <string>
#include <vector>

#include "schedule/gradient_rule.h"
#include "trace/rank_trace.h"
#include "trace/run_facts.h"

namespace interlock::trace {

struct PlannedSpan {
  schedule::Action action;
  int step = 0;            // from 0: the first recorded one
  std::int64_t begin = 0;  // nanoseconds from where stage 0 begins its first recorded step
  std::int64_t end = 0;
};

struct PlannedTimeline {
  std::vector<std::vector<PlannedSpan>> stages;
  std::string costs;        // what actions are taken to cost, in words
  double step_seconds = 0;  // from one step to the next
};

// What each kind of action took on each stage, waits aside: the mean over steps, micro-batches and replicas.
// Links and exchanges as `assumed` has them.
schedule::Costs measured_costs(const std::vector<RankTrace>& ranks, const schedule::Costs& assumed);

// `steps` steps of the steady state, with the costs that the plan was made with where they were known, else
// with those that were measured.
PlannedTimeline planned_timeline(const RunFacts& facts, const schedule::GradientRule& rule,
                                 const std::vector<RankTrace>& ranks, int steps);

}  // namespace interlock::trace
