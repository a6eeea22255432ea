#pragma once
// Rank 0: hands out orders ahead of the workers, gathers their reports, commits checkpoints, says when to
// finish. It never touches a tensor. Threads: the main thread of rank 0; it sleeps while there is nothing to
// do.

#include <functional>
#include <optional>

#include "comm/progress_engine.h"
#include "coordinator/batch_record.h"
#include "coordinator/checkpoint_keeper.h"
#include "coordinator/job.h"
#include "coordinator/left_out_steps.h"
#include "coordinator/order_window.h"
#include "coordinator/run_recorder.h"
#include "trace/order_recorder.h"

namespace interlock::coordinator {

// Where a training ended.
struct Ending {
  bool stopped = false;   // asked to, before its last step
  std::int64_t step = 0;  // the last one done
  bool saved = false;     // with a checkpoint of that step
};

class Coordinator {
 public:
  // `stop_requested` is asked several times a second.
  Coordinator(
      const Job& job, comm::ProgressEngine& engine,
      std::function<bool()> stop_requested = [] { return false; });

  // Training from job.steps_done to job.total_steps, with checkpoints and evaluations. Asked to stop, it ends
  // all stages at one step, a few after the one that stage 0 is at, with a checkpoint of it. Errors:
  // PeerError after training.nonfinite_limit steps in a row whose update was left out, or where there is
  // nothing to rewind to.
  Ending train(RunRecorder& recorder);

  // One pass over the evaluation samples.
  void evaluate(RunRecorder& recorder);

  // Carries out `orders` on every stage, keeping up to a window of them in flight, and calls `on_record` for
  // each as it completes. Returns when all are complete.
  void carry_out(const std::vector<schedule::Order>& orders,
                 const std::function<void(const BatchRecord&)>& on_record);

  // From now on tells `recorder` of orders and reports; null: nobody. It must outlive this.
  void note_orders(trace::OrderRecorder* recorder) { recorder_ = recorder; }

  // Tells every worker to leave its loop.
  void finish();

 private:
  using NextOrder = std::function<std::optional<schedule::Order>()>;
  using OnRecord = std::function<void(const BatchRecord&)>;

  void issue(const schedule::Order& order);
  std::optional<BatchRecord> next_record(double timeout_seconds);
  // Until `next` has no more orders (true), or halted_ is set, and all that was issued is complete.
  bool work_through(const NextOrder& next, const OnRecord& on_record);
  void on_training_record(const BatchRecord& record, RunRecorder& recorder, CheckpointKeeper& keeper);
  void rewind(std::int64_t left_out, std::int64_t checkpoint);

  const Job& job_;
  const int workers_;
  comm::ProgressEngine& engine_;
  const std::function<bool()> stop_requested_;
  ReportCollector collector_;
  OrderWindow window_;
  LeftOutSteps left_out_;
  trace::OrderRecorder* recorder_ = nullptr;
  bool halted_ = false;                     // no more orders for now
  std::int64_t last_trained_ = 0;           // the newest step whose training was ordered
  std::optional<std::int64_t> rewinds_at_;  // the step whose update was left out
};

}  // namespace interlock::coordinator
