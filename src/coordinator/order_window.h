#pragma once
// How far orders may be given out ahead of the workers. Pure.
//
// Stage 0 must be able to run K batches ahead of the last stage (with one micro-batch a batch, that fills the
// pipeline), so orders are given out long before the slowest stage comes to them. But stage 0 itself, which
// is ahead of all others, knows only a few that it has not begun: what was given out is carried out, and a
// run that is to stop should stop soon.

#include <cstdint>
#include <deque>
#include <vector>

#include "common/placement.h"
#include "schedule/protocol.h"

namespace interlock::coordinator {

class OrderWindow {
 public:
  explicit OrderWindow(const Placement& placement);

  [[nodiscard]] bool may_issue() const;
  void issued(const schedule::Order& order);
  // A worker has carried it out; only those of stage 0 matter here.
  void reported(const schedule::Report& report);
  // All workers have.
  void completed(const schedule::Order& order);
  [[nodiscard]] bool all_complete() const { return incomplete_ == 0; }

 private:
  [[nodiscard]] std::size_t ahead_of_first_stage() const;

  std::size_t most_incomplete_;
  std::int64_t incomplete_ = 0;          // checkpoints included
  std::int64_t incomplete_batches_ = 0;  // checkpoints are written in the background and hold nobody up
  std::deque<schedule::Order> recent_;   // the last ones issued, up to the newest
  std::int64_t first_recent_ = 0;        // the number of recent_.front(), counted from the first one issued
  std::vector<std::int64_t> passed_;     // by replica of stage 0: orders before this number were carried out
};

}  // namespace interlock::coordinator
