#pragma once
// What a run's folder says of the run: what it trains, how far it is, what it kept. Looks, and changes
// nothing: the run may be going on.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "runs/metrics.h"

namespace interlock::inspect {

enum class RunState { kNotStarted, kRunning, kDone, kStopped, kFailed, kInterrupted };

struct KeptCheckpoint {
  std::string path;
  std::int64_t step = 0;
  std::int64_t epochs = 0;
  std::int64_t bytes = 0;
  double age_seconds = 0;
  bool newest = false;
  bool best = false;
  std::string problem;  // why it cannot be used, "" for nothing; tensors are not read for that
};

struct RunFacts {
  std::string path;
  RunState state = RunState::kNotStarted;
  std::string last_words;  // of a failed run: failure.json's line

  std::optional<config::Config> config;
  std::string config_problem;

  std::int64_t steps = 0;        // done
  std::int64_t total_steps = 0;  // 0: not known
  std::int64_t epochs = 0;       // done
  double seconds = 0;            // of its last life; 0: not known
  double idle_seconds = -1;      // since the newest line of metrics; -1: not known

  std::vector<KeptCheckpoint> checkpoints;  // oldest first
  std::vector<std::string> cut;             // layers of each stage, "0..7", as the newest checkpoint has them
  std::vector<std::string> heads;           // "heads.1 after layer 15"
  std::int64_t layers = 0;                  // 0: not known
  std::int64_t parameters = 0;              // without heads
  std::int64_t head_parameters = 0;

  std::optional<runs::Step> last_step;
  std::optional<runs::Evaluation> last_evaluation;
  std::optional<runs::Evaluation> best_evaluation;  // lowest loss of the last stage
  std::string metrics_problem;
};

// Is this folder a run's: has it a config.yaml or metrics?
bool is_run(const std::string& path);

// What cannot be read is told in the facts' problems.
RunFacts facts_of_run(const std::string& path);

std::string name_of(RunState state);  // "running"

}  // namespace interlock::inspect
