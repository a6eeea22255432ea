#pragma once
// metrics.jsonl: one JSON object a line. docs/metrics.md lists the fields. `time` in each struct: seconds
// since 1970.

#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace interlock::coordinator {

// Per-stage values; NaN where a stage has none, written as null.
using PerStage = std::vector<double>;

inline constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kNoTime = kNone;

struct StepMetrics {
  std::int64_t step = 0;
  std::int64_t epoch = 0;  // from 1, as people count
  PerStage loss;
  PerStage busy_fraction;
  PerStage memory_mebibytes;  // of each stage, the peak so far
  double accuracy = 0;        // of the last stage on this batch; NaN for regression
  double lr = 0;
  double step_seconds = 0;
  double samples_per_second = 0;
  bool left_out = false;  // the update: a number was NaN or infinite (training.nonfinite)
  double tokens_per_second = std::numeric_limits<double>::quiet_NaN();  // a number for text only
  double time = kNoTime;
};

struct EpochMetrics {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  PerStage loss;  // mean over the epoch's samples
  PerStage accuracy;
  PerStage busy_fraction;
  double seconds = 0;
  double samples_per_second = 0;
  double time = kNoTime;
};

struct EvalMetrics {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  PerStage loss;
  PerStage accuracy;
  PerStage perplexity;  // exp(loss); empty but for text
  double time = kNoTime;
};

// A line of kind `run`, event `checkpoint`.
struct CheckpointMetrics {
  std::int64_t step = 0;
  double blocked_seconds = 0;  // training waited, on the stage where it was longest
  double seconds = 0;          // from the order to the manifest on disk
  std::int64_t bytes = 0;      // of all shards
  double time = kNoTime;
};

struct RunMetrics {
  std::string event;  // "start", "end", or "stop": by a signal, before the end
  int stages = 0;
  int horizon = 0;
  int micro_batches = 0;
  std::int64_t steps = 0;
  double seconds = 0;
  double coordinator_cpu_seconds = 0;  // NaN where there is no coordinator; end only
  PerStage cpu_seconds;                // of each stage's process; end only
  PerStage cpu_seconds_in_steps;   // the same from the end of the first step on: without start-up; end only
  PerStage peak_memory_mebibytes;  // end only
  PerStage sent_bytes;             // activations and gradients, of training steps; end only
  // Kept for backward at the worst moment, and by one full micro-batch; end only.
  PerStage peak_activation_bytes, micro_batch_activation_bytes;
  double time = kNoTime;
};

class MetricsLog {
 public:
  // Appends where `append`, else starts afresh. Errors: IoError.
  MetricsLog(const std::string& path, bool append);

  void write(const StepMetrics& metrics);
  void write(const EpochMetrics& metrics);
  void write(const EvalMetrics& metrics);
  void write(const CheckpointMetrics& metrics);
  void write(const RunMetrics& metrics);
  // On disk when this returns. Errors: IoError.
  void sync();

 private:
  void write_line(const std::string& line);
  std::string path_;
  std::ofstream file_;
};

// Before a run goes on in the folder of an earlier life: drops the lines of steps after `steps_done` and a
// last line that was cut off. True if the file says that these steps were evaluated. Errors: IoError.
bool trim_metrics(const std::string& path, std::int64_t steps_done);

}  // namespace interlock::coordinator
