#include "coordinator/order_sequence.h"

#include <algorithm>

namespace interlock::coordinator {

using schedule::Order;
using schedule::OrderKind;

bool checkpoint_due(const Job& job, std::int64_t step) {
  const config::RunConfig& run = job.config.run;
  if (!run.checkpoint) return false;
  const bool by_count = run.checkpoint_every_steps > 0 && step % run.checkpoint_every_steps == 0;
  return by_count || job.ends_epoch(step);
}

bool evaluation_due(const Job& job, std::int64_t step) {
  const std::int64_t every = job.config.training.eval_every_epochs;
  if (every == 0 || job.eval_samples == 0 || !job.ends_epoch(step)) return false;
  return (job.epoch_of_step(step) + 1) % every == 0 || step == job.total_steps;
}

Order checkpoint_order(const Job& job, std::int64_t step) {
  return {OrderKind::kCheckpoint, 0, job.epoch_of_step(step), step, 0, 0};
}

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

std::vector<Order> step_orders(const Job& job, std::int64_t step) {
  const std::int64_t epoch = job.epoch_of_step(step);
  const std::int64_t batch = job.config.training.batch_size;
  const std::int64_t first = (step - 1 - epoch * job.steps_per_epoch) * batch;
  std::vector<Order> orders = {
      {OrderKind::kTrain, 0, epoch, step, first, std::min(batch, job.train_samples - first)}};
  if (checkpoint_due(job, step)) orders.push_back(checkpoint_order(job, step));
  if (evaluation_due(job, step)) {
    const std::vector<Order> evaluation = evaluation_orders(job, epoch, step);
    orders.insert(orders.end(), evaluation.begin(), evaluation.end());
  }
  return orders;
}

RunOrders::RunOrders(const Job& job) : job_(job), step_(job.steps_done) {
  if (!job.evaluate_first || step_ == 0) return;
  for (const Order& order : evaluation_orders(job, job.epoch_of_step(step_), step_)) ready_.push_back(order);
}

std::optional<Order> RunOrders::next() {
  if (ready_.empty() && step_ < job_.total_steps) {
    for (const Order& order : step_orders(job_, ++step_)) ready_.push_back(order);
  }
  if (ready_.empty()) return std::nullopt;
  const Order order = ready_.front();
  ready_.pop_front();
  return order;
}

void RunOrders::go_on_after(std::int64_t step) {
  step_ = step;
  const std::vector<Order> orders = step_orders(job_, step);
  ready_.assign(orders.begin() + 1, orders.end());
}

}  // namespace interlock::coordinator
