#include "worker/worker.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "data/sampler.h"
#include "models/weights.h"
#include "schedule/generator.h"
#include "schedule/learning_rate.h"
#include "training/stage_checkpoint.h"

namespace interlock::worker {

using schedule::Order;
using schedule::OrderKind;
using schedule::Report;

Worker::Worker(const training::RunPlan& plan, int stage, comm::ProgressEngine& engine,
               data::DataSource source)
    : plan_(plan),
      number_(stage),
      engine_(engine),
      source_(std::move(source)),
      loader_(plan_, source_),
      stage_(plan.blueprint.stages.at(static_cast<std::size_t>(stage)), plan.config.training.seed),
      optimizer_(stage_, plan.config),
      executor_(plan_, stage_, optimizer_),
      links_(plan_, stage, engine),
      runner_(plan_, stage, executor_, links_) {
  const std::string& init = plan.config.model.init;
  if (init.empty()) return;
  const std::string note =
      models::load_weights(stage_, plan.blueprint, storage::read_safetensors(init), init);
  if (!note.empty()) log_info(note);
}

void Worker::restore(const std::string& checkpoint_directory) {
  training::load_stage_checkpoint(checkpoint_directory, stage_, optimizer_);
}

void Worker::run_batch(const Order& order, Report& report) {
  const bool training = order.kind == OrderKind::kTrain;
  const std::vector<std::int64_t> sizes = data::micro_batch_sizes(order.samples, plan_.micro_batch_size);
  const int micro_batches = static_cast<int>(sizes.size());
  const schedule::StageProgram program =
      training ? schedule::stage_program(plan_.rule, number_, micro_batches)
               : schedule::evaluation_program(plan_.rule, number_, micro_batches);
  const double rate = training ? schedule::learning_rate(plan_.config.optimizer, order.step,
                                                         plan_.steps_per_epoch, plan_.total_steps)
                               : 0;
  executor_.begin_batch(training, order.epoch, order.step, order.samples);
  runner_.run(
      program, sizes, rate, [&](int m) { return loader_.load(order, m); }, report.actions);
  if (!training) executor_.end_evaluation();
  const BatchSums& sums = executor_.sums();
  report.has_loss = sums.has_loss ? 1 : 0;
  report.loss = sums.loss;
  report.correct = sums.correct;
}

void Worker::write_checkpoint(const Order& order, Report& report) {
  const std::string directory = storage::checkpoint_directory(plan_.config.run.dir, order.step);
  const storage::ShardInfo shard = training::write_stage_checkpoint(directory, stage_, optimizer_);
  report.checksum = shard.checksum;
  report.bytes = shard.bytes;
}

void Worker::ship_tensors() {
  // The order both sides agree on: state(), then the gradient of every parameter (zeros where there is none).
  comm::TensorChannel channel(engine_);
  int number = 0;
  const auto ship = [&](const at::Tensor& tensor) {
    channel.send(kCoordinator, comm::Tag::tensor(number++), tensor.detach().contiguous());
  };
  for (const auto& [name, tensor] : stage_.state()) ship(tensor);
  for (const auto& [name, tensor] : stage_.state()) {
    if (tensor.requires_grad()) ship(tensor.grad().defined() ? tensor.grad() : torch::zeros_like(tensor));
  }
}

void Worker::run() {
  double previous_end = monotonic_seconds();
  while (true) {
    const Order order = schedule::decode<Order>(engine_.next_control().payload);
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
