#pragma once
// Turns batch records into what people and programs read: metrics.jsonl, the progress line, TensorBoard's
// events, live.json and a few lines of the log file. Used by the coordinator and, with one process playing
// all stages, by the single-process trainer.

#include <optional>

#include "coordinator/batch_record.h"
#include "coordinator/live_file.h"
#include "coordinator/metrics_log.h"
#include "coordinator/progress_display.h"
#include "coordinator/running_sums.h"
#include "coordinator/tensorboard_log.h"

namespace interlock::coordinator {

class RunRecorder {
 public:
  enum class Purpose { kTraining, kEvaluation };  // the second adds to what the run says of itself

  // Goes on in the middle of an epoch where job.recorder_state says so. `live`: told of everything; it must
  // outlive this.
  RunRecorder(const Job& job, bool append, Purpose purpose = Purpose::kTraining, LiveFile* live = nullptr);

  // A step whose update was left out is written down, but does not count in its epoch's means.
  void record_step(const BatchRecord& record);
  void record_evaluation(const BatchRecord& record);
  void record_checkpoint(CheckpointMetrics metrics);
  // What a recorder needs to go on after the steps seen so far (Job::recorder_state).
  [[nodiscard]] std::string state() const { return to_text(epoch_); }
  // What has been written is on disk when this returns.
  void sync() { log_.sync(); }
  // `coordinator_cpu_seconds`: while training, of the process that does no stage's work; NaN where there is
  // none.
  // `stopped`: by a signal, before the run's end.
  void finish(double coordinator_cpu_seconds, bool stopped = false);

  [[nodiscard]] const std::optional<EvalMetrics>& last_evaluation() const { return last_evaluation_; }
  [[nodiscard]] double seconds() const;

 private:
  void end_epoch(const StepMetrics& last, double now);
  [[nodiscard]] RunMetrics run_metrics(const std::string& event, std::int64_t steps) const;

  const Job& job_;
  MetricsLog log_;
  std::optional<TensorBoardLog> board_;
  LiveFile* const live_;
  ProgressDisplay display_;
  const bool classification_;
  const double started_;
  double previous_step_ = 0;
  double epoch_started_ = 0;
  std::int64_t steps_seen_ = 0;
  RunningSums epoch_;
  RunningSums earlier_;  // what of epoch_ an earlier start of the program has seen: not in this one's rates
  RunningSums evaluation_;
  std::optional<EvalMetrics> last_evaluation_;
  PerStage cpu_seconds_, first_step_cpu_seconds_, peak_memory_, sent_bytes_;
  PerStage peak_activations_, micro_batch_activations_;
};

}  // namespace interlock::coordinator
