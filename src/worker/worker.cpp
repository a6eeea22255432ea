#include "worker/worker.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "comm/ordered_all_reduce.h"
#include "common/activity.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/fault_point.h"
#include "data/sampler.h"
#include "schedule/learning_rate.h"
#include "training/stage_checkpoint.h"
#include "worker/simulated_device.h"

namespace interlock::worker {
namespace {

// Enough that the next batch's receives are posted before this one ends.
constexpr std::size_t kOrdersAhead = 2;

// A worker that may have to drop orders looks at none before its turn.
std::size_t orders_ahead(const config::TrainingConfig& training) {
  return training.nonfinite == config::NonfiniteKind::kRewind ? 1 : kOrdersAhead;
}

// Without orders: how often to look whether a checkpoint is being written still.
constexpr double kCheckSeconds = 0.1;

// The transport's own sum where it has one; it orders its sums by itself, so one serves both purposes.
ReplicaSums open_sums(const training::RunPlan& plan, Place own, const Equipment& equipment) {
  const Placement placement = plan.config.partition.placement();
  std::vector<Rank> group;
  for (int replica = 0; replica < placement.replicas(own.stage); ++replica)
    group.push_back(placement.rank_of({own.stage, replica}));
  ReplicaSums sums;
  if (group.size() == 1) return sums;
  comm::TensorChannel& channel = equipment.channel();
  sums.gradients = equipment.opened.all_reduce;
  sums.statistics = equipment.opened.all_reduce;
  if (sums.gradients) return sums;
  sums.gradients = std::make_shared<comm::OrderedAllReduce>(channel, group, own.replica, 0);
  sums.statistics = std::make_shared<comm::OrderedAllReduce>(channel, group, own.replica, 1);
  return sums;
}

}  // namespace

using schedule::Order;
using schedule::OrderKind;
using schedule::Report;

Worker::Worker(const training::RunPlan& plan, Place own, comm::ProgressEngine& engine, Equipment equipment,
               data::DataSource source)
    : plan_(plan),
      own_(own),
      replicas_(plan.config.partition.placement().replicas(own.stage)),
      orders_ahead_(orders_ahead(plan.config.training)),
      engine_(engine),
      equipment_(std::move(equipment)),
      source_(std::move(source)),
      loader_(plan_, source_, own.replica, replicas_),
      input_(*equipment_.device),
      sums_(open_sums(plan, own, equipment_)),
      links_(plan_, own, equipment_.channel(), equipment_.device->torch_device(), recorder_),
      exchange_(plan_, own, *equipment_.host, recorder_) {
  if (plan.config.run.device == config::DeviceKind::kSimulated) {
    simulated_ = std::make_unique<SimulatedDevice>(plan_, own.stage);
  } else {
    trained_.emplace(plan_, own, *equipment_.device, sums_);
  }
}

StageDevice& Worker::stage_device() {
  return trained_ ? static_cast<StageDevice&>(trained_->executor()) : *simulated_;
}

void Worker::restore(const std::string& checkpoint_directory) {
  INTERLOCK_CHECK(trained_.has_value(), "a simulated device has no weights");
  training::load_stage_checkpoint(checkpoint_directory, trained_->stage(), trained_->optimizer(),
                                  plan_.data.vocabulary, &trained_->executor().scaler());
}

std::vector<std::int64_t> Worker::sizes_of(const Order& order) const {
  return data::micro_batch_sizes(order.samples, plan_.micro_batch_size);
}

const PreparedProgram& Worker::program_of(const Order& order) {
  const bool training = order.kind == OrderKind::kTrain;
  const int micro_batches = static_cast<int>(sizes_of(order).size());
  const auto [place, is_new] = programs_.try_emplace({training, micro_batches});
  if (is_new) {
    place->second = training ? prepare_training(plan_, own_.stage, micro_batches)
                             : prepare_evaluation(plan_, own_.stage, micro_batches);
  }
  return place->second;
}

void Worker::learn_of(const Order& order) {
  known_orders_.push_back(order);
  if (dropping_ || (order.kind != OrderKind::kTrain && order.kind != OrderKind::kEvaluate)) return;
  links_.expect(program_of(order), sizes_of(order));
  loader_.expect(order);
}

// Orders that have come already are looked at before their turn: their first messages may be on the way.
Order Worker::next_order() {
  if (known_orders_.empty()) {
    note_phase(Phase::kIdle, known_step_);
    const trace::Span waiting(
        recorder_, record_of(trace::RecordKind::kWait, trace::Message::kOrder, index(kCoordinator)));
    std::optional<comm::ControlMessage> message;
    while (!(message = engine_.next_control(kCheckSeconds))) writer_.check();
    learn_of(schedule::decode<Order>(message->payload));
  }
  writer_.check();
  while (known_orders_.size() < orders_ahead_ && known_orders_.back().kind != OrderKind::kFinish) {
    const std::optional<comm::ControlMessage> more = engine_.try_next_control();
    if (!more) break;
    learn_of(schedule::decode<Order>(more->payload));
  }
  const Order order = known_orders_.front();
  known_orders_.pop_front();
  known_step_ = order.step;
  return order;
}

void Worker::run_batch(const Order& order, Report& report) {
  const bool training = order.kind == OrderKind::kTrain;
  note_phase(training ? Phase::kTraining : Phase::kEvaluating, order.step);
  if (!training) fault_point("evaluate");
  if (!training && trained_ && order.first_sample == 0) trained_->average_running_statistics();
  const double rate = training ? schedule::learning_rate(plan_.config.optimizer, order.step,
                                                         plan_.steps_per_epoch, plan_.total_steps)
                               : 0;
  StageDevice& device = stage_device();
  device.begin_batch(training, order.epoch, order.step, order.samples);
  ProgramRunner(plan_, own_, device, links_, exchange_, buckets(), {recorder_, equipment_.device->is_gpu()})
      .run(
          program_of(order), sizes_of(order), rate,
          [&](int m) { return input_.bring(loader_.load(order, m)); }, report.actions);
  if (!training) {
    if (replicas_ > 1) device.set_batch_counted(exchange_.sum_over_replicas(device.counted()));
    device.end_evaluation();
  }
  const training::BatchSums& sums = device.sums();
  report.has_loss = sums.has_loss ? 1 : 0;
  report.loss = sums.loss;
  report.correct = sums.correct;
  report.counted = sums.counted;
  report.peak_activation_bytes = device.peak_activation_bytes();
  report.micro_batch_activation_bytes = device.micro_batch_activation_bytes();
  if (const std::optional<schedule::Nonfinite> found = device.left_out()) {
    report.left_out = 1;
    report.nonfinite = *found;
    dropping_ = plan_.config.training.nonfinite == config::NonfiniteKind::kRewind;
  }
}

void Worker::prepare_checkpoint(const Order& order) {
  INTERLOCK_CHECK(trained_.has_value(), "a simulated device has no weights");
  note_phase(Phase::kSaving, order.step);
  fault_point("checkpoint");
  links_.check();
  trained_->average_running_statistics();
  if (own_.replica > 0) return;  // all replicas have the same
  training::take_snapshot(trained_->stage(), trained_->optimizer(), plan_.data.vocabulary,
                          &trained_->executor().scaler(), writer_.snapshot());
}

// A checkpoint has been carried out when its shard is on disk.
void Worker::send(const Report& report) {
  if (report.order.kind != OrderKind::kCheckpoint || own_.replica > 0 || report.left_out != 0) {
    engine_.send_control(kCoordinator, schedule::encode(report));
    return;
  }
  const std::int64_t step = report.order.step;
  writer_.start(storage::checkpoint_directory(plan_.config.run.dir, step), step,
                [this, report](const storage::ShardInfo& shard) {
                  Report complete = report;
                  complete.checksum = shard.checksum;
                  complete.bytes = shard.bytes;
                  engine_.send_control(kCoordinator, schedule::encode(complete));
                });
}

void Worker::ship_tensors() {
  INTERLOCK_CHECK(trained_.has_value(), "a simulated device has no weights");
  // The order both sides agree on: state(), then the gradient of every parameter (zeros where there is none).
  int number = 0;
  const auto ship = [&](const at::Tensor& tensor) {
    equipment_.host->send(kCoordinator, comm::Tag::tensor(number++), tensor.detach().cpu().contiguous());
  };
  for (const auto& [name, tensor] : trained_->stage().state()) ship(tensor);
  for (const auto& [name, tensor] : trained_->stage().state()) {
    if (tensor.requires_grad()) ship(tensor.grad().defined() ? tensor.grad() : torch::zeros_like(tensor));
  }
}

void Worker::carry_out(const Order& order, Report& report) {
  if (dropping_ && order.kind != OrderKind::kRestore) {
    report.left_out = 2;
    return;
  }
  switch (order.kind) {
    case OrderKind::kTrain:
    case OrderKind::kEvaluate:
      return run_batch(order, report);
    case OrderKind::kCheckpoint:
      return prepare_checkpoint(order);
    case OrderKind::kRestore:
      note_phase(Phase::kRestoring, order.step);
      restore(storage::checkpoint_directory(plan_.config.run.dir, order.checkpoint));
      dropping_ = false;
      return;
    case OrderKind::kShipTensors:
      return ship_tensors();
    case OrderKind::kFinish:
      return;
  }
}

double Worker::take_waited_seconds() {
  return links_.take_waited_seconds() + exchange_.take_waited_seconds();
}

void Worker::take_trace() {
  const config::Config& config = plan_.config;
  if (config.profile.active == 0) return;
  constexpr std::size_t kRecordsAnAction = 6;  // itself, waits, sends and arrivals
  StepTrace::Setup setup;
  setup.rank = engine_.rank();
  setup.own = own_;
  setup.on_gpu = equipment_.device->is_gpu();
  setup.operators = config.profile.operators && trained_.has_value();
  setup.records_a_step = kRecordsAnAction * plan_.schedule.at(static_cast<std::size_t>(own_.stage)).size();
  trace_ = std::make_unique<StepTrace>(config, setup, recorder_);
}

void Worker::run() {
  double previous_end = monotonic_seconds();
  while (true) {
    const Order order = next_order();
    if (order.kind == OrderKind::kFinish) break;
    Report report;
    report.order = order;
    report.stage = own_.stage;
    report.replica = own_.replica;
    fault_point("order");
    if (trace_) trace_->begin(order);
    const double start = monotonic_seconds();
    take_waited_seconds();
    carry_out(order, report);
    const double end = monotonic_seconds();
    report.busy_seconds = stage_device().take_busy_seconds().value_or(end - start - take_waited_seconds());
    report.elapsed_seconds = end - previous_end;
    if (trace_) trace_->end(report, previous_end, start, end);
    previous_end = end;
    report.cpu_seconds = process_cpu_seconds();
    report.peak_memory_mebibytes = peak_mebibytes(*equipment_.device);
    report.sent_bytes = links_.take_sent_bytes();
    send(report);
  }
  if (trace_) trace_->finish();
  writer_.finish();
}

}  // namespace interlock::worker
