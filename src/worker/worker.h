#pragma once
// One worker rank: builds its stage, or its replica of it, then carries out the coordinator's orders, in
// order, until told to finish.

#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "comm/progress_engine.h"
#include "common/placement.h"
#include "data/dataset.h"
#include "storage/checkpoint.h"
#include "trace/recorder.h"
#include "training/batch_loader.h"
#include "training/run_plan.h"
#include "worker/checkpoint_writer.h"
#include "worker/device_input.h"
#include "worker/equipment.h"
#include "worker/program_runner.h"
#include "worker/step_trace.h"
#include "worker/trained_stage.h"

namespace interlock::worker {

class Worker {
 public:
  // `source` holds the data on stage 0 and nothing elsewhere; its tensors are read as orders ask for them.
  // REQUIRES a plan with a schedule. Errors: DataError for initial weights or a checkpoint that does not fit.
  Worker(const training::RunPlan& plan, Place own, comm::ProgressEngine& engine, Equipment equipment,
         data::DataSource source);

  [[nodiscard]] const device::Device& device() const { return *equipment_.device; }

  // Continues from a checkpoint: weights, buffers, optimizer state.
  void restore(const std::string& checkpoint_directory);

  // run() shall record the steps that the config's section `profile` names, if any.
  void take_trace();

  // Returns after kFinish. Throws whatever goes wrong; the caller ends the job.
  void run();

 private:
  StageDevice& stage_device();
  GradientBuckets* buckets() { return trained_ ? trained_->buckets() : nullptr; }
  std::vector<std::int64_t> sizes_of(const schedule::Order& order) const;
  const PreparedProgram& program_of(const schedule::Order& order);
  schedule::Order next_order();
  void learn_of(const schedule::Order& order);
  void carry_out(const schedule::Order& order, schedule::Report& report);
  void run_batch(const schedule::Order& order, schedule::Report& report);
  void prepare_checkpoint(const schedule::Order& order);
  void send(const schedule::Report& report);
  void ship_tensors();
  double take_waited_seconds();

  const training::RunPlan& plan_;
  const Place own_;
  const int replicas_;
  const std::size_t orders_ahead_;
  comm::ProgressEngine& engine_;
  Equipment equipment_;
  data::DataSource source_;
  training::BatchLoader loader_;
  DeviceInput input_;
  ReplicaSums sums_;
  trace::Recorder recorder_;
  std::unique_ptr<StepTrace> trace_;
  std::optional<TrainedStage> trained_;
  std::unique_ptr<StageDevice> simulated_;
  StageLinks links_;
  UpdateExchange exchange_;
  std::map<std::pair<bool, int>, PreparedProgram> programs_;  // by (training, micro-batches)
  std::deque<schedule::Order> known_orders_;                  // not yet carried out
  std::int64_t known_step_ = 0;                               // of the last order that was
  bool dropping_ = false;    // rewind: a step was left out, and the weights to go on with have not come
  CheckpointWriter writer_;  // last: what it writes may use all of the above
};

}  // namespace interlock::worker
