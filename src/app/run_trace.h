#pragma once
// The coordinator's part in the trace of a run (config section `profile`), and what all ranks do for it
// together: compare clocks at the start and at the end, then one file from everybody's.

#include <string>

#include "app/rank_session.h"
#include "trace/order_recorder.h"
#include "trace/run_facts.h"

namespace interlock::app {

// Where profile.active is 0, every function here does nothing.
class RunTrace {
 public:
  // `session` and `plan` must outlive it.
  RunTrace(RankSession& session, const training::RunPlan& plan);

  // Collective, when the run's folder is there: nobody trains yet. A trace of an earlier start is removed.
  void begin();
  // Null where nothing is to be recorded.
  [[nodiscard]] trace::OrderRecorder* orders() { return on_ ? &orders_ : nullptr; }
  // Collective, when all workers have left their loops. Returns, on the coordinator, what to tell the user.
  // What goes wrong with a trace is a warning.
  std::string end();

 private:
  void note_clocks();
  void write_facts(bool fresh);

  RankSession& session_;
  const training::RunPlan& plan_;
  const bool on_;
  trace::OrderRecorder orders_;
  trace::RunFacts facts_;
};

}  // namespace interlock::app
