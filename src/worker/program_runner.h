#pragma once
// Carries out one stage's program for one batch: takes what each action consumes from the links, lets the
// device compute, sends on what it produces. This loop is the whole runtime of a stage; what to do when is
// in the schedule.

#include <array>
#include <functional>

#include "data/dataset.h"
#include "schedule/protocol.h"
#include "worker/prepared_program.h"
#include "worker/stage_device.h"
#include "worker/stage_links.h"

namespace interlock::worker {

// Where stage 0 gets its micro-batches from.
using MicroBatchSource = std::function<data::Batch(int m)>;

class ProgramRunner {
 public:
  ProgramRunner(const training::RunPlan& plan, int stage, StageDevice& device, StageLinks& links)
      : plan_(plan), stage_(stage), device_(device), links_(links) {}

  // REQUIRES that the links expect the program's messages. `source` is used by stage 0 only. Counts every
  // action into `actions`.
  void run(const PreparedProgram& program, double learning_rate, const MicroBatchSource& source,
           std::array<std::int64_t, schedule::kActionKinds>& actions);

 private:
  void forward(const PreparedAction& prepared, const MicroBatchSource& source);
  void take_gradients(const PreparedAction& prepared);
  void input_gradients(const schedule::Action& action);

  const training::RunPlan& plan_;
  const int stage_;
  StageDevice& device_;
  StageLinks& links_;
};

}  // namespace interlock::worker
