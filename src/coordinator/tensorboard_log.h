#pragma once
// What metrics.jsonl says, as TensorBoard's scalars, in <run>/tensorboard/. docs/live.md lists the tags. A
// number that metrics.jsonl has as null is no point.
//
// Threads: one. Errors: none (EventWriter).

#include <string>
#include <vector>

#include "coordinator/job.h"
#include "coordinator/metrics_log.h"
#include "tensorboard/event_writer.h"

namespace interlock::coordinator {

class TensorBoardLog {
 public:
  // `trains`: steps after job.steps_done begin anew; else one more evaluation stands beside what is there.
  TensorBoardLog(const Job& job, bool trains, double time);

  void write(const StepMetrics& metrics);
  void write(const EpochMetrics& metrics);
  void write(const EvalMetrics& metrics);

 private:
  using Tags = std::vector<std::string>;  // [stage]
  void add(const Tags& tags, const PerStage& values);
  void add(std::string_view tag, double value);
  void write_scalars(double time, std::int64_t step);

  tensorboard::EventWriter writer_;
  const Tags loss_, busy_, memory_;
  const Tags epoch_loss_, epoch_accuracy_;
  const Tags eval_loss_, eval_accuracy_, eval_perplexity_;
  std::vector<tensorboard::Scalar> scalars_;  // of the event that is being put together
};

}  // namespace interlock::coordinator
