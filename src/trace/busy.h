#pragma once
// How much of its time a stage computes, from what its ranks recorded: actions without the waits in them.
// What metrics.jsonl calls busy_fraction, found again from the other side.

#include <cstdint>
#include <vector>

#include "trace/rank_trace.h"

namespace interlock::trace {

struct StepUse {
  std::int64_t step = 0;
  double seconds = 0;  // from the end of what came before to its own end
  double busy_seconds = 0;
};

// Of every training step that was recorded. Where the stage is on a GPU, the busy seconds are the device's
// own.
std::vector<StepUse> steps_of(const RankTrace& trace);

// Of a stage: the means over its replicas, step by step.
struct StageUse {
  std::vector<StepUse> steps;
  [[nodiscard]] double seconds() const;
  [[nodiscard]] double busy_fraction() const;
};
// By stage; empty for a stage of which nothing was recorded.
std::vector<StageUse> stage_uses(const std::vector<RankTrace>& ranks, int stages);

// Seconds of the waits within each record of kind kAction, by its place in trace.records; 0 elsewhere.
std::vector<double> waits_within(const RankTrace& trace);

}  // namespace interlock::trace
