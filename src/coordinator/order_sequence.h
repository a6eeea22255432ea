#pragma once
// The whole run as a sequence of orders: pure, made one step at a time.

#include <deque>
#include <optional>
#include <vector>

#include "coordinator/job.h"
#include "schedule/protocol.h"

namespace interlock::coordinator {

// Whether a checkpoint, or an evaluation, follows optimizer step `step`.
bool checkpoint_due(const Job& job, std::int64_t step);
bool evaluation_due(const Job& job, std::int64_t step);

schedule::Order checkpoint_order(const Job& job, std::int64_t step);

// The training of one step, then its checkpoint and its evaluation where due.
std::vector<schedule::Order> step_orders(const Job& job, std::int64_t step);

// One pass over the evaluation samples.
std::vector<schedule::Order> evaluation_orders(const Job& job, std::int64_t epoch, std::int64_t step);

// From job.steps_done to job.total_steps; begins with the evaluation of job.steps_done where
// job.evaluate_first.
class RunOrders {
 public:
  // `job` must outlive it.
  explicit RunOrders(const Job& job);

  // Nothing at the end of the run.
  std::optional<schedule::Order> next();

  // Goes back, or on, to right after the training of `step`: to its checkpoint and evaluation.
  void go_on_after(std::int64_t step);

 private:
  const Job& job_;
  std::int64_t step_;  // all orders of steps up to this one are in ready_, or were there
  std::deque<schedule::Order> ready_;
};

}  // namespace interlock::coordinator
