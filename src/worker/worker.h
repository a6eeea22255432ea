#pragma once
// One worker rank: builds its stage, then carries out the coordinator's orders, in order, until told to
// finish.

#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "comm/progress_engine.h"
#include "data/dataset.h"
#include "storage/checkpoint.h"
#include "training/batch_loader.h"
#include "training/run_plan.h"
#include "worker/program_runner.h"
#include "worker/stage_executor.h"

namespace interlock::worker {

// A stage with weights and the device that trains them. A simulated run has none.
struct TrainedStage {
  TrainedStage(const training::RunPlan& plan, int number);
  models::Stage stage;
  training::StageOptimizer optimizer;
  StageExecutor executor;
};

class Worker {
 public:
  // `source` holds the data on stage 0 and nothing elsewhere; its tensors are read as orders ask for them.
  // REQUIRES a plan with a schedule. Errors: DataError for initial weights or a checkpoint that does not fit.
  Worker(const training::RunPlan& plan, int stage, comm::ProgressEngine& engine, data::DataSource source);

  // Continues from a checkpoint: weights, buffers, optimizer state.
  void restore(const std::string& checkpoint_directory);

  // Returns after kFinish. Throws whatever goes wrong; the caller ends the job.
  void run();

 private:
  StageDevice& device();
  const PreparedProgram& program_of(const schedule::Order& order);
  schedule::Order next_order();
  void learn_of(const schedule::Order& order);
  void run_batch(const schedule::Order& order, schedule::Report& report);
  void write_checkpoint(const schedule::Order& order, schedule::Report& report);
  void ship_tensors();

  const training::RunPlan& plan_;
  const int number_;
  comm::ProgressEngine& engine_;
  data::DataSource source_;
  training::BatchLoader loader_;
  std::optional<TrainedStage> trained_;
  std::unique_ptr<StageDevice> simulated_;
  StageLinks links_;
  std::map<std::pair<bool, int>, PreparedProgram> programs_;  // by (training, micro-batches)
  std::deque<schedule::Order> known_orders_;                  // not yet carried out
};

}  // namespace interlock::worker
