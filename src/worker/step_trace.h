#pragma once
// A worker's part in the trace of its run (config section `profile`): records the active steps, with
// LibTorch's operators where they are asked for, and writes RUN/trace/rank-<r>.json when they are over.
//
// Threads: the worker's main thread; it owns one more, which turns what was recorded into a file. Costs
// nothing but a branch here and there outside the active steps. What goes wrong with the file is a warning:
// no training ends for its trace.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "common/placement.h"
#include "config/config.h"
#include "schedule/protocol.h"
#include "trace/rank_trace.h"
#include "trace/recorder.h"
#include "worker/operator_profile.h"

namespace interlock::worker {

class StepTrace {
 public:
  // `records_a_step`: about how many there will be.
  struct Setup {
    Rank rank{};
    Place own;
    bool on_gpu = false;
    bool operators = false;
    std::size_t records_a_step = 0;
  };
  StepTrace(const config::Config& config, const Setup& setup, trace::Recorder& recorder);
  ~StepTrace();
  StepTrace(const StepTrace&) = delete;
  StepTrace& operator=(const StepTrace&) = delete;

  // Around each order; times in monotonic_seconds().
  void begin(const schedule::Order& order);
  void end(const schedule::Report& report, double previous_end, double begin, double end);

  // At the end of the run: writes what there is, and waits for the file.
  void finish();

 private:
  // Moves on where the step's begin is one of the window.
  void enter_step();
  void rehearse();
  void start();
  void stop();

  const config::ProfileConfig profile_;
  const std::string run_;
  const Setup setup_;
  trace::Recorder& recorder_;
  std::int64_t steps_ = 0;  // begun, this time
  std::unique_ptr<OperatorProfile> operators_;
  std::vector<trace::OrderUse> orders_;
  std::thread writer_;
};

}  // namespace interlock::worker
