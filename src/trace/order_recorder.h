#pragma once
// What the coordinator notes while a trace is taken: the orders that it gives out and the reports that come
// back, of the steps that the workers record.
//
// Threads: the coordinator's.

#include <cstdint>

#include "config/config.h"
#include "schedule/protocol.h"
#include "trace/rank_trace.h"

namespace interlock::trace {

class OrderRecorder {
 public:
  OrderRecorder(const config::ProfileConfig& profile, int workers) : profile_(profile), workers_(workers) {}

  // About to be sent to all workers, and sent.
  void issuing(const schedule::Order& order);
  void issued();
  // Just taken, from `rank`.
  void reported(const schedule::Report& report, int rank);

  [[nodiscard]] const RankTrace& trace() const { return trace_; }
  // Training steps that all workers have reported, this time.
  [[nodiscard]] std::int64_t steps() const { return reports_of_steps_ / workers_; }

 private:
  const config::ProfileConfig profile_;
  const int workers_;
  RankTrace trace_;
  bool on_ = false;
  std::int64_t orders_ = 0;
  std::int64_t steps_ = 0;
  std::int64_t reports_of_steps_ = 0;
};

}  // namespace interlock::trace
