#pragma once
// Rank 0: hands out orders ahead of the workers, gathers their reports, commits checkpoints, says when to
// finish. It never touches a tensor. Threads: the main thread of rank 0; it sleeps while there is nothing to
// do.

#include <functional>

#include "comm/progress_engine.h"
#include "coordinator/batch_record.h"
#include "coordinator/job.h"
#include "coordinator/run_recorder.h"

namespace interlock::coordinator {

class Coordinator {
 public:
  Coordinator(const Job& job, comm::ProgressEngine& engine);

  // Training from job.steps_done to job.total_steps, with checkpoints and evaluations.
  void train(RunRecorder& recorder);

  // One pass over the evaluation samples.
  void evaluate(RunRecorder& recorder);

  // Carries out `orders` on every stage, keeping up to a window of them in flight, and calls `on_record` for
  // each as it completes. Returns when all are complete.
  void carry_out(const std::vector<schedule::Order>& orders,
                 const std::function<void(const BatchRecord&)>& on_record);

  // Tells every worker to leave its loop.
  void finish();

 private:
  void issue(const schedule::Order& order);
  BatchRecord next_record();
  void commit_checkpoint(const BatchRecord& record);

  const Job& job_;
  const int workers_;
  comm::ProgressEngine& engine_;
  ReportCollector collector_;
};

}  // namespace interlock::coordinator
