#pragma once
// Carries out one stage's program for one batch: takes what each action consumes from the links, lets the
// executor compute, sends on what it produces. This loop is the whole runtime of a stage; what to do when is
// in the schedule.

#include <array>
#include <functional>
#include <set>

#include "data/dataset.h"
#include "schedule/protocol.h"
#include "worker/stage_executor.h"
#include "worker/stage_links.h"

namespace interlock::worker {

// Where stage 0 gets its micro-batches from.
using MicroBatchSource = std::function<data::Batch(int m)>;

class ProgramRunner {
 public:
  ProgramRunner(const training::RunPlan& plan, int stage, StageExecutor& executor, StageLinks& links)
      : plan_(plan), stage_(stage), executor_(executor), links_(links) {}

  // `source` is used by stage 0 only. Counts every action into `actions`.
  void run(const schedule::StageProgram& program, const std::vector<std::int64_t>& micro_batch_sizes,
           double learning_rate, const MicroBatchSource& source,
           std::array<std::int64_t, schedule::kActionKinds>& actions);

 private:
  void forward(int m, const MicroBatchSource& source);
  void take_gradients(const schedule::Action& action);

  const training::RunPlan& plan_;
  const int stage_;
  StageExecutor& executor_;
  StageLinks& links_;
  std::set<schedule::Message> taken_;  // gradients that have arrived in this batch
};

}  // namespace interlock::worker
