#pragma once
// What became of a run, from what lies on disk: no memory of our own to go stale, and safe to ask from any
// process.

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sweep/metrics.h"
#include "sweep/plan.h"

namespace interlock::sweep {

enum class State {
  kNotRun,
  kUnfinished,  // stopped on its way; goes on from its newest checkpoint
  kRunning,     // some process holds its log
  kFailed,
  kDone,
};

std::string name_of(State state);

struct Outcome {
  const SweepRun* run = nullptr;  // of the plan, which outlives it
  State state = State::kNotRun;
  int exit_code = 0;                     // kFailed
  std::string error;                     // kFailed: its last error line
  std::optional<Evaluation> evaluation;  // the one that counts, of a run that is not done too
  double score = std::numeric_limits<double>::quiet_NaN();
  double seconds = 0;
};

Outcome find_outcome(const SweepPlan& plan, const SweepRun& run);

// All of them, the best first: done with a finite score, by score; done without one; then the others by their
// index.
std::vector<Outcome> ranked_outcomes(const SweepPlan& plan);

// The first of `ranked` where that is done and has a finite score, else null.
const Outcome* best_of(const std::vector<Outcome>& ranked);

// A failure is kept in its file until the run is started again. Errors: IoError.
void record_failure(const SweepRun& run, int exit_code, const std::string& error);
void forget_failure(const SweepRun& run);

// The last error that a run's output has from byte `from` on: its last line of the form "interlock: ...
// error: ...", else its last line. "" for no output.
std::string last_error_line(const std::string& log, std::uintmax_t from);

}  // namespace interlock::sweep
