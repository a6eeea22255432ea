#pragma once
// Turns batch records into what people and programs read: metrics.jsonl and the progress line. Used by the
// coordinator and, with one process playing all stages, by the single-process trainer.

#include <optional>

#include "coordinator/batch_record.h"
#include "coordinator/metrics_log.h"
#include "coordinator/progress_display.h"

namespace interlock::coordinator {

class RunRecorder {
 public:
  RunRecorder(const Job& job, bool append);

  void record_step(const BatchRecord& record);
  void record_evaluation(const BatchRecord& record);
  // `coordinator_cpu_seconds`: while training, of the process that does no stage's work; NaN where there is
  // none.
  void finish(double coordinator_cpu_seconds);

  [[nodiscard]] const std::optional<EvalMetrics>& last_evaluation() const { return last_evaluation_; }
  [[nodiscard]] double seconds() const;

 private:
  // Sums over several batches, by stage.
  struct Sums {
    std::int64_t samples = 0;
    std::int64_t targets = 0;  // that count: what losses and hits are means over
    PerStage loss, correct, busy, elapsed;
    void add(const BatchRecord& record);
    [[nodiscard]] PerStage mean_loss() const;
    [[nodiscard]] PerStage accuracy(bool defined) const;
    [[nodiscard]] PerStage busy_fraction() const;
  };

  [[nodiscard]] RunMetrics run_metrics(const std::string& event, std::int64_t steps) const;

  const Job& job_;
  MetricsLog log_;
  ProgressDisplay display_;
  const bool classification_;
  const double started_;
  double previous_step_ = 0;
  double epoch_started_ = 0;
  std::int64_t steps_seen_ = 0;
  Sums epoch_;
  Sums evaluation_;
  std::optional<EvalMetrics> last_evaluation_;
  PerStage cpu_seconds_, first_step_cpu_seconds_, peak_memory_, sent_bytes_;
  PerStage peak_activations_, micro_batch_activations_;
};

}  // namespace interlock::coordinator
