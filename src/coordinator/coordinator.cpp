#include "coordinator/coordinator.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "common/fault_point.h"
#include "coordinator/order_sequence.h"

namespace interlock::coordinator {

using schedule::Order;
using schedule::OrderKind;

namespace {

constexpr double kStopCheckSeconds = 0.1;

std::vector<storage::ShardInfo> shards_of(const BatchRecord& record) {
  std::vector<storage::ShardInfo> shards;
  for (const schedule::Report& report : record.stages)
    shards.push_back({storage::shard_name(report.stage, report.checksum), report.bytes, report.checksum});
  return shards;
}

double longest_block(const BatchRecord& record) {
  double longest = 0;
  for (const schedule::Report& report : record.stages) longest = std::max(longest, report.busy_seconds);
  return longest;
}

}  // namespace

Coordinator::Coordinator(const Job& job, comm::ProgressEngine& engine, std::function<bool()> stop_requested)
    : job_(job),
      workers_(job.config.partition.placement().workers()),
      engine_(engine),
      stop_requested_(std::move(stop_requested)),
      collector_(workers_),
      window_(job.config.partition.placement()),
      left_out_(job.config.training),
      last_trained_(job.steps_done) {}

void Coordinator::issue(const Order& order) {
  fault_point("order");
  if (order.kind == OrderKind::kTrain) last_trained_ = order.step;
  if (recorder_ != nullptr) recorder_->issuing(order);
  for (int rank = index(kCoordinator) + 1; rank < workers_ + 1; ++rank)
    engine_.send_control(Rank{rank}, schedule::encode(order));
  if (recorder_ != nullptr) recorder_->issued();
}

std::optional<BatchRecord> Coordinator::next_record(double timeout_seconds) {
  const std::optional<comm::ControlMessage> message = engine_.next_control(timeout_seconds);
  if (!message) return std::nullopt;
  const auto report = schedule::decode<schedule::Report>(message->payload);
  fault_point("report");
  window_.reported(report);
  if (recorder_ != nullptr) recorder_->reported(report, index(message->from));
  return collector_.add(report);
}

bool Coordinator::work_through(const NextOrder& next, const OnRecord& on_record) {
  bool more = true;
  while (true) {
    if (stop_requested_()) halted_ = true;
    while (more && !halted_ && window_.may_issue()) {
      const std::optional<Order> order = next();
      more = order.has_value();
      if (!more) break;
      window_.issued(*order);
      issue(*order);
    }
    if (window_.all_complete() && (halted_ || !more)) return !more;
    if (const std::optional<BatchRecord> record = next_record(kStopCheckSeconds)) {
      window_.completed(record->order);
      on_record(*record);
    }
  }
}

void Coordinator::carry_out(const std::vector<Order>& orders, const OnRecord& on_record) {
  std::size_t issued = 0;
  halted_ = false;
  work_through([&] { return issued < orders.size() ? std::optional<Order>(orders[issued++]) : std::nullopt; },
               on_record);
}

void Coordinator::on_training_record(const BatchRecord& record, RunRecorder& recorder,
                                     CheckpointKeeper& keeper) {
  const schedule::Report& first = record.stages.front();
  constexpr int kNotCarriedOut = 2;
  if (first.left_out == kNotCarriedOut) return;
  switch (record.order.kind) {
    case OrderKind::kTrain:
      recorder.record_step(record);
      if (left_out_.trained(record)) {
        rewinds_at_ = record.order.step;
        halted_ = true;
      }
      if (checkpoint_due(job_, record.order.step)) keeper.begin(record.order.step);
      break;
    case OrderKind::kEvaluate:
      recorder.record_evaluation(record);
      if (record.order.ends_evaluation != 0)
        keeper.evaluated(record.order.step, recorder.last_evaluation()->loss.back());
      break;
    case OrderKind::kCheckpoint:
      keeper.commit(record.order.step, shards_of(record), longest_block(record));
      break;
    case OrderKind::kRestore:
    case OrderKind::kShipTensors:
    case OrderKind::kFinish:
      break;
  }
}

void Coordinator::rewind(std::int64_t left_out, std::int64_t checkpoint) {
  announce_rewind(left_out, checkpoint);
  Order back{OrderKind::kRestore, 0, job_.epoch_of_step(left_out), left_out, 0, 0};
  back.checkpoint = checkpoint;
  carry_out({back}, [](const BatchRecord&) {});
}

Ending Coordinator::train(RunRecorder& recorder) {
  CheckpointKeeper keeper(job_, recorder);
  RunOrders orders(job_);
  const OnRecord on_record = [&](const BatchRecord& record) { on_training_record(record, recorder, keeper); };
  bool complete = false;
  while (true) {
    halted_ = false;
    complete = work_through([&] { return orders.next(); }, on_record);
    if (!rewinds_at_) break;
    const std::int64_t left_out = *std::exchange(rewinds_at_, std::nullopt);
    rewind(left_out, keeper.newest());
    orders.go_on_after(left_out);
  }
  const auto saved = [&] { return last_trained_ > 0 && keeper.newest() == last_trained_; };
  if (!complete && !saved() && last_trained_ > 0 && job_.config.run.checkpoint) {
    keeper.begin(last_trained_);
    const Order save = checkpoint_order(job_, last_trained_);
    window_.issued(save);
    issue(save);
    work_through([] { return std::nullopt; }, on_record);
  }
  return {!complete, last_trained_, saved()};
}

void Coordinator::evaluate(RunRecorder& recorder) {
  carry_out(evaluation_orders(job_, (job_.steps_done - 1) / job_.steps_per_epoch, job_.steps_done),
            [&](const BatchRecord& record) { recorder.record_evaluation(record); });
}

void Coordinator::finish() {
  issue(Order{});
}

}  // namespace interlock::coordinator
