#pragma once
// One worker rank: builds its stage, then carries out the coordinator's orders, in order, until told to
// finish.

#include <memory>

#include "comm/progress_engine.h"
#include "data/dataset.h"
#include "storage/checkpoint.h"
#include "training/batch_loader.h"
#include "training/run_plan.h"
#include "worker/program_runner.h"

namespace interlock::worker {

class Worker {
 public:
  // `source` holds the data on stage 0 and nothing elsewhere; its tensors are read as orders ask for them.
  // Errors: DataError for initial weights or a checkpoint that does not fit.
  Worker(const training::RunPlan& plan, int stage, comm::ProgressEngine& engine, data::DataSource source);

  // Continues from a checkpoint: weights, buffers, optimizer state.
  void restore(const std::string& checkpoint_directory);

  // Returns after kFinish. Throws whatever goes wrong; the caller ends the job.
  void run();

 private:
  void run_batch(const schedule::Order& order, schedule::Report& report);
  void write_checkpoint(const schedule::Order& order, schedule::Report& report);
  void ship_tensors();

  const training::RunPlan& plan_;
  const int number_;
  comm::ProgressEngine& engine_;
  data::DataSource source_;
  training::BatchLoader loader_;
  models::Stage stage_;
  training::StageOptimizer optimizer_;
  StageExecutor executor_;
  StageLinks links_;
  ProgramRunner runner_;
};

}  // namespace interlock::worker
