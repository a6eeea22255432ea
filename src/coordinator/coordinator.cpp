#include "coordinator/coordinator.h"

#include <fmt/format.h>

#include "common/error.h"
#include "coordinator/order_sequence.h"
#include "storage/checkpoint.h"

namespace interlock::coordinator {

using schedule::Order;
using schedule::OrderKind;

namespace {

// Orders a stage may be ahead of the slowest one. Stage 0 must be able to run K batches ahead of the last
// stage (with one micro-batch a batch, that fills the pipeline); twice that, so that the coordinator is never
// what they wait for.
std::size_t window(int stages) {
  return static_cast<std::size_t>(2 * stages + 8);
}

}  // namespace

Coordinator::Coordinator(const Job& job, comm::ProgressEngine& engine)
    : job_(job),
      workers_(job.config.partition.placement().workers()),
      engine_(engine),
      collector_(workers_) {}

void Coordinator::issue(const Order& order) {
  for (int rank = index(kCoordinator) + 1; rank < workers_ + 1; ++rank)
    engine_.send_control(Rank{rank}, schedule::encode(order));
}

BatchRecord Coordinator::next_record() {
  while (true) {
    const auto report = schedule::decode<schedule::Report>(engine_.next_control().payload);
    if (std::optional<BatchRecord> record = collector_.add(report)) return std::move(*record);
  }
}

void Coordinator::carry_out(const std::vector<Order>& orders,
                            const std::function<void(const BatchRecord&)>& on_record) {
  std::size_t issued = 0;
  for (std::size_t completed = 0; completed < orders.size(); ++completed) {
    while (issued < orders.size() && issued - completed < window(job_.stages())) issue(orders[issued++]);
    on_record(next_record());
  }
}

void Coordinator::commit_checkpoint(const BatchRecord& record) {
  storage::Manifest manifest;
  manifest.step = record.order.step;
  manifest.epochs = record.order.epoch + 1;
  for (const schedule::Report& report : record.stages) {
    manifest.shards.push_back({storage::shard_name(report.stage), report.bytes, report.checksum});
  }
  storage::write_manifest(storage::checkpoint_directory(job_.config.run.dir, manifest.step), manifest);
  storage::remove_old_checkpoints(job_.config.run.dir, job_.config.run.keep_checkpoints);
}

void Coordinator::train(RunRecorder& recorder) {
  // One list for the whole run: an epoch's end is no reason to drain the pipeline.
  std::vector<Order> orders;
  for (std::int64_t epoch = job_.steps_done / job_.steps_per_epoch;
       epoch * job_.steps_per_epoch < job_.total_steps; ++epoch) {
    const std::vector<Order> more = epoch_orders(job_, epoch);
    orders.insert(orders.end(), more.begin(), more.end());
  }
  carry_out(orders, [&](const BatchRecord& record) {
    switch (record.order.kind) {
      case OrderKind::kTrain:
        recorder.record_step(record);
        break;
      case OrderKind::kEvaluate:
        recorder.record_evaluation(record);
        break;
      case OrderKind::kCheckpoint:
        commit_checkpoint(record);
        break;
      case OrderKind::kShipTensors:
      case OrderKind::kFinish:
        break;
    }
  });
}

void Coordinator::evaluate(RunRecorder& recorder) {
  carry_out(evaluation_orders(job_, (job_.steps_done - 1) / job_.steps_per_epoch, job_.steps_done),
            [&](const BatchRecord& record) { recorder.record_evaluation(record); });
}

void Coordinator::finish() {
  issue(Order{});
}

}  // namespace interlock::coordinator
