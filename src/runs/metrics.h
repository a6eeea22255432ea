#pragma once
// What a run's metrics.jsonl says (docs/metrics.md), read back. A field that an older run has not written is
// NaN, 0 or empty. `attempt` is how many `start` lines came before a line: training that goes on after a stop
// is a new attempt, and so is an evaluation of the run by somebody. No torch, no MPI.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace interlock::runs {

inline constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// One number a stage; NaN where the file has null.
using PerStage = std::vector<double>;

struct Step {
  std::int64_t step = 0;
  std::int64_t epoch = 0;  // from 1
  double time = kNone;     // seconds since 1970
  PerStage loss;
  PerStage busy_fraction;
  PerStage memory_mebibytes;  // of the stage's process, or of its GPU: the peak so far
  double accuracy = kNone;
  double lr = kNone;
  double step_seconds = kNone;
  double samples_per_second = kNone;
  double tokens_per_second = kNone;
  bool left_out = false;
  int attempt = 0;
};

struct Epoch {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  double time = kNone;
  PerStage loss;
  PerStage accuracy;
  PerStage busy_fraction;
  double seconds = kNone;
  double samples_per_second = kNone;
  int attempt = 0;
};

struct Evaluation {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  double time = kNone;
  PerStage loss;
  PerStage accuracy;
  PerStage perplexity;  // empty but for text
  int attempt = 0;
};

// A line of kind `run`: start, end, stop, checkpoint.
struct Event {
  std::string event;
  std::int64_t step = 0;  // `steps` of start, end and stop; `step` of a checkpoint
  double time = kNone;
  int stages = 0;
  int horizon = 0;
  int micro_batches = 0;
  double seconds = kNone;
  PerStage cpu_seconds;
  PerStage peak_memory_mebibytes;
  PerStage sent_bytes;
  PerStage peak_activation_bytes;
  double blocked_seconds = kNone;  // checkpoint
  double bytes = kNone;            // checkpoint
  int attempt = 0;                 // a start counts itself
};

struct Metrics {
  std::vector<Step> steps;
  std::vector<Epoch> epochs;
  std::vector<Evaluation> evaluations;
  std::vector<Event> events;
};

// Reads what has been added to a file that may be growing: whole lines only. A line that a crash has torn is
// passed over, and so is a kind that this version does not know.
class MetricsFollower {
 public:
  // `last_bytes`: no more than these are read of what is there at first.
  explicit MetricsFollower(std::string path, std::uint64_t last_bytes = ~std::uint64_t{0});

  // Appends to `metrics` what is new since the last call; true if there was any. Starts again, with `metrics`
  // emptied, where the file has become shorter or is another one (a run that goes on drops the steps after
  // its checkpoint, a run that starts anew sets the folder aside). Errors: DataError with file and line for a
  // line that is no metrics, IoError where the file cannot be read.
  bool poll(Metrics& metrics);

 private:
  std::string path_;
  std::uint64_t last_bytes_;
  std::uint64_t inode_ = 0;
  std::uint64_t offset_ = 0;
  std::int64_t line_ = 0;
  int attempt_ = 0;
};

// The whole file at once. Errors: as poll().
Metrics read_metrics(const std::string& path);

}  // namespace interlock::runs
