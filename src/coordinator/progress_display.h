#pragma once
// The progress line on standard output: one that rewrites itself on a terminal, plain lines in a log.

#include <cstdint>
#include <string>

#include "coordinator/job.h"
#include "coordinator/metrics_log.h"

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
  bool terminal_;
  std::int64_t every_;  // steps between plain lines
  double last_shown_ = 0;
  bool line_open_ = false;
};

// "2.301 2.215 1.987", "-" where there is none.
std::string format_losses(const PerStage& losses, int digits = 4);

}  // namespace interlock::coordinator
