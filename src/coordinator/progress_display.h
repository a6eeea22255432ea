#pragma once
// The progress line on standard output: one that rewrites itself on a terminal and fits into it, plain lines
// in a log.

#include <cstdint>
#include <string>

#include "coordinator/job.h"
#include "coordinator/metrics_log.h"
#include "coordinator/progress_line.h"

namespace interlock::coordinator {

class ProgressDisplay {
 public:
  explicit ProgressDisplay(const Job& job);

  void show(const StepMetrics& metrics, double seconds_left);
  void show(const EvalMetrics& metrics);

  // Ends a self-rewriting line, so that other output starts on a fresh one.
  void finish_line();

 private:
  const Job& job_;
  std::string terminal_;  // its path; "": a log
  std::int64_t every_;    // steps between plain lines
  double last_shown_ = 0;
  bool line_open_ = false;
};

// The evaluation's line: every stage's loss and accuracy.
std::string describe(const EvalMetrics& metrics);

}  // namespace interlock::coordinator
