#include "coordinator/order_sequence.h"

#include <algorithm>

namespace interlock::coordinator {

using schedule::Order;
using schedule::OrderKind;

std::vector<Order> evaluation_orders(const Job& job, std::int64_t epoch, std::int64_t step) {
  std::vector<Order> orders;
  const std::int64_t batch = job.config.training.batch_size;
  for (std::int64_t first = 0; first < job.eval_samples; first += batch) {
    const std::int64_t samples = std::min(batch, job.eval_samples - first);
    orders.push_back({OrderKind::kEvaluate, 0, epoch, step, first, samples});
  }
  if (!orders.empty()) orders.back().ends_evaluation = 1;
  return orders;
}

std::vector<Order> epoch_orders(const Job& job, std::int64_t epoch) {
  std::vector<Order> orders;
  const std::int64_t batch = job.config.training.batch_size;
  const std::int64_t last = std::min(job.total_steps, (epoch + 1) * job.steps_per_epoch);
  for (std::int64_t step = std::max(job.steps_done, epoch * job.steps_per_epoch) + 1; step <= last; ++step) {
    const std::int64_t first = (step - 1 - epoch * job.steps_per_epoch) * batch;
    orders.push_back({OrderKind::kTrain, 0, epoch, step, first, std::min(batch, job.train_samples - first)});
  }
  if (orders.empty()) return orders;

  if (job.config.run.checkpoint) orders.push_back({OrderKind::kCheckpoint, 0, epoch, last, 0, 0});
  const std::int64_t every = job.config.training.eval_every_epochs;
  const bool evaluation_due = every > 0 && ((epoch + 1) % every == 0 || last == job.total_steps);
  if (evaluation_due) {
    const std::vector<Order> evaluation = evaluation_orders(job, epoch, last);
    orders.insert(orders.end(), evaluation.begin(), evaluation.end());
  }
  return orders;
}

}  // namespace interlock::coordinator
