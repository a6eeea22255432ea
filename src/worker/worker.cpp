#include "worker/worker.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "common/clock.h"
#include "common/error.h"
#include "data/sampler.h"
#include "models/pretrained.h"
#include "schedule/learning_rate.h"
#include "training/stage_checkpoint.h"
#include "worker/simulated_device.h"

namespace interlock::worker {
namespace {

// Enough that the next batch's receives are posted before this one ends.
constexpr std::size_t kOrdersAhead = 2;

}  // namespace

using schedule::Order;
using schedule::OrderKind;
using schedule::Report;

TrainedStage::TrainedStage(const training::RunPlan& plan, int number)
    : stage(plan.blueprint.stages.at(static_cast<std::size_t>(number)), plan.config.training.seed),
      optimizer(stage, plan.config),
      executor(plan, stage, optimizer) {
  models::InitialWeights(plan.config, plan.blueprint, plan.data.vocabulary).copy_into(stage);
}

Worker::Worker(const training::RunPlan& plan, int stage, comm::ProgressEngine& engine,
               data::DataSource source)
    : plan_(plan),
      number_(stage),
      engine_(engine),
      source_(std::move(source)),
      loader_(plan_, source_),
      links_(plan_, stage, engine) {
  if (plan.config.run.device == config::DeviceKind::kSimulated) {
    simulated_ = std::make_unique<SimulatedDevice>(plan_, stage);
  } else {
    trained_.emplace(plan_, stage);
  }
}

StageDevice& Worker::device() {
  return trained_ ? static_cast<StageDevice&>(trained_->executor) : *simulated_;
}

void Worker::restore(const std::string& checkpoint_directory) {
  INTERLOCK_CHECK(trained_.has_value(), "a simulated device has no weights");
  training::load_stage_checkpoint(checkpoint_directory, trained_->stage, trained_->optimizer,
                                  plan_.data.vocabulary);
}

const PreparedProgram& Worker::program_of(const Order& order) {
  const bool training = order.kind == OrderKind::kTrain;
  const int micro_batches =
      static_cast<int>(data::micro_batch_sizes(order.samples, plan_.micro_batch_size).size());
  const auto [place, is_new] = programs_.try_emplace({training, micro_batches});
  if (is_new) {
    place->second = training ? prepare_training(plan_, number_, micro_batches)
                             : prepare_evaluation(plan_, number_, micro_batches);
  }
  return place->second;
}

void Worker::learn_of(const Order& order) {
  known_orders_.push_back(order);
  if (order.kind != OrderKind::kTrain && order.kind != OrderKind::kEvaluate) return;
  links_.expect(program_of(order).receives, data::micro_batch_sizes(order.samples, plan_.micro_batch_size));
  loader_.expect(order);
}

// Orders that have come already are looked at before their turn: their first messages may be on the way.
Order Worker::next_order() {
  if (known_orders_.empty()) learn_of(schedule::decode<Order>(engine_.next_control().payload));
  while (known_orders_.size() < kOrdersAhead && known_orders_.back().kind != OrderKind::kFinish) {
    const std::optional<comm::ControlMessage> more = engine_.try_next_control();
    if (!more) break;
    learn_of(schedule::decode<Order>(more->payload));
  }
  const Order order = known_orders_.front();
  known_orders_.pop_front();
  return order;
}

void Worker::run_batch(const Order& order, Report& report) {
  const bool training = order.kind == OrderKind::kTrain;
  const double rate = training ? schedule::learning_rate(plan_.config.optimizer, order.step,
                                                         plan_.steps_per_epoch, plan_.total_steps)
                               : 0;
  StageDevice& device = this->device();
  device.begin_batch(training, order.epoch, order.step, order.samples);
  ProgramRunner(plan_, number_, device, links_)
      .run(
          program_of(order), rate, [&](int m) { return loader_.load(order, m); }, report.actions);
  if (!training) device.end_evaluation();
  const BatchSums& sums = device.sums();
  report.has_loss = sums.has_loss ? 1 : 0;
  report.loss = sums.loss;
  report.correct = sums.correct;
  report.counted = sums.counted;
  report.peak_activation_bytes = device.peak_activation_bytes();
  report.micro_batch_activation_bytes = device.micro_batch_activation_bytes();
}

void Worker::write_checkpoint(const Order& order, Report& report) {
  INTERLOCK_CHECK(trained_.has_value(), "a simulated device has no weights");
  const std::string directory = storage::checkpoint_directory(plan_.config.run.dir, order.step);
  const storage::ShardInfo shard = training::write_stage_checkpoint(
      directory, trained_->stage, trained_->optimizer, plan_.data.vocabulary);
  report.checksum = shard.checksum;
  report.bytes = shard.bytes;
}

void Worker::ship_tensors() {
  INTERLOCK_CHECK(trained_.has_value(), "a simulated device has no weights");
  // The order both sides agree on: state(), then the gradient of every parameter (zeros where there is none).
  comm::TensorChannel channel(engine_);
  int number = 0;
  const auto ship = [&](const at::Tensor& tensor) {
    channel.send(kCoordinator, comm::Tag::tensor(number++), tensor.detach().contiguous());
  };
  for (const auto& [name, tensor] : trained_->stage.state()) ship(tensor);
  for (const auto& [name, tensor] : trained_->stage.state()) {
    if (tensor.requires_grad()) ship(tensor.grad().defined() ? tensor.grad() : torch::zeros_like(tensor));
  }
}

void Worker::run() {
  double previous_end = monotonic_seconds();
  while (true) {
    const Order order = next_order();
    if (order.kind == OrderKind::kFinish) return;
    Report report;
    report.order = order;
    report.stage = number_;
    const double start = monotonic_seconds();
    links_.take_waited_seconds();
    switch (order.kind) {
      case OrderKind::kTrain:
      case OrderKind::kEvaluate:
        run_batch(order, report);
        break;
      case OrderKind::kCheckpoint:
        write_checkpoint(order, report);
        break;
      case OrderKind::kShipTensors:
        ship_tensors();
        break;
      case OrderKind::kFinish:
        break;
    }
    const double end = monotonic_seconds();
    report.busy_seconds = end - start - links_.take_waited_seconds();
    report.elapsed_seconds = end - std::exchange(previous_end, end);
    report.cpu_seconds = process_cpu_seconds();
    report.peak_memory_mebibytes = peak_resident_mebibytes();
    engine_.send_control(kCoordinator, schedule::encode(report));
  }
}

}  // namespace interlock::worker
