#pragma once
// One run as a report needs it: its config, and its metrics put in order.

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "runs/metrics.h"

namespace interlock::report {

enum class State { kDone, kRunning, kStopped, kFailed, kUnfinished };

struct Run {
  std::string folder;
  std::string name;                      // plain text, unique among the runs of a report
  std::optional<config::Config> config;  // none where the folder has no config.yaml
  std::string yaml;                      // of it, as it stands in the file

  // Every step once, ascending, and only what belongs to training: steps that were done again after a stop
  // count as they were done last, evaluations that somebody made later not at all.
  runs::Metrics metrics;
  std::vector<double> seconds;  // [i]: training time up to the end of metrics.steps[i]
  int stages = 0;
  int horizon = 0;
  double steps_per_epoch = runs::kNone;
  State state = State::kUnfinished;
  std::string failure;  // kFailed: in one line

  // Training time when `step` had been done: evaluations, checkpoints and pauses do not count.
  [[nodiscard]] double seconds_at(std::int64_t step) const;
  [[nodiscard]] bool text() const;            // tokens instead of samples, perplexity
  [[nodiscard]] bool classification() const;  // has accuracies
  // Is this step the first since a start of the program? Its time has the start-up in it.
  [[nodiscard]] bool starts_attempt(std::size_t index) const;
};

// Reads <folder>/metrics.jsonl, and config.yaml and failure.json where they are. Errors: UsageError where the
// folder is no run's (with what may be meant) or its run has no finished step; DataError; IoError.
Run load_run(const std::string& folder);

// Names for `runs` from `given` (as many, or none) or from their folders, made unique. Errors: UsageError.
void name_runs(std::vector<Run>& runs, const std::vector<std::string>& given);

}  // namespace interlock::report
