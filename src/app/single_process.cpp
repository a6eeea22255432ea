#include "app/single_process.h"

#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/balance.h"
#include "app/run_folder.h"
#include "app/single_device.h"
#include "common/clock.h"
#include "common/error.h"
#include "coordinator/order_sequence.h"
#include "oracle/oracle.h"
#include "training/batch_loader.h"
#include "training/stage_checkpoint.h"

namespace interlock::app {
namespace {

using coordinator::BatchRecord;
using schedule::Order;
using schedule::OrderKind;

std::unique_ptr<device::Device> open_device_for(const config::Config& config) {
  require_real_device(config, "train or evaluate in a single process");
  return open_single_device(config);
}

training::RunPlan make_plan(config::Config& config, const data::DatasetInfo& info) {
  balance(config, info);
  return training::make_run_plan(config, info);
}

struct SingleProcess {
  config::Config config;
  std::unique_ptr<device::Device> device;
  data::DataSource source;
  training::RunPlan plan;

  explicit SingleProcess(const ConfigArguments& arguments)
      : config(load_run_config(arguments.config_file(), arguments.overrides)),
        device(open_device_for(config)),
        source(data::open_data(config)),
        plan(make_plan(config, source.info)) {
    at::set_num_threads(config.run.threads);
  }
};

// One process plays all stages, so each is busy all the time.
BatchRecord make_record(const Order& order, const oracle::BatchResult& result, double seconds) {
  BatchRecord record{order, {}};
  for (std::size_t k = 0; k < result.loss.size(); ++k) {
    schedule::Report report;
    report.order = order;
    report.stage = static_cast<int>(k);
    report.has_loss = std::isnan(result.loss[k]) ? 0 : 1;
    report.loss = result.loss[k];
    report.correct = result.correct[k];
    report.counted = result.counted;
    report.busy_seconds = report.elapsed_seconds = seconds;
    report.cpu_seconds = process_cpu_seconds() / static_cast<double>(result.loss.size());
    report.peak_memory_mebibytes = peak_resident_mebibytes();
    record.stages.push_back(report);
  }
  return record;
}

void write_checkpoint(const SingleProcess& run, oracle::Oracle& oracle, const Order& order) {
  const std::string directory = storage::checkpoint_directory(run.config.run.dir, order.step);
  storage::Manifest manifest;
  manifest.step = order.step;
  manifest.epochs = order.epoch + 1;
  for (int k = 0; k < run.plan.rule.stages(); ++k) {
    manifest.shards.push_back(training::write_stage_checkpoint(
        directory, oracle.stage(k), oracle.optimizer(k), run.plan.data.vocabulary, &oracle.scaler(k)));
  }
  storage::write_manifest(directory, manifest);
  storage::remove_old_checkpoints(run.config.run.dir, run.config.run.keep_checkpoints);
}

void restore(const SingleProcess& run, oracle::Oracle& oracle, const std::string& checkpoint) {
  for (int k = 0; k < run.plan.rule.stages(); ++k) {
    training::load_stage_checkpoint(checkpoint, oracle.stage(k), oracle.optimizer(k),
                                    run.plan.data.vocabulary, &oracle.scaler(k));
  }
}

void carry_out(const std::vector<Order>& orders, const SingleProcess& run, oracle::Oracle& oracle,
               coordinator::RunRecorder& recorder) {
  training::BatchLoader loader(run.plan, run.source);
  for (const Order& order : orders) {
    const double start = monotonic_seconds();
    if (order.kind == OrderKind::kTrain) {
      const oracle::BatchResult result = oracle.train_batch(loader.load_all(order), order.epoch, order.step);
      recorder.record_step(make_record(order, result, monotonic_seconds() - start));
    } else if (order.kind == OrderKind::kEvaluate) {
      const oracle::BatchResult result = oracle.evaluate_batch(loader.load_all(order));
      recorder.record_evaluation(make_record(order, result, monotonic_seconds() - start));
    } else if (order.kind == OrderKind::kCheckpoint) {
      write_checkpoint(run, oracle, order);
    }
  }
}

}  // namespace

void summarise(const coordinator::Job& job, const coordinator::RunRecorder& recorder) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto& evaluation = recorder.last_evaluation();
  print_summary(job, recorder.seconds(), evaluation ? evaluation->accuracy.back() : kNone,
                evaluation ? evaluation->loss.back() : kNone);
}

int train_in_single_process(const TrainArguments& arguments) {
  SingleProcess run(arguments);
  const std::string checkpoint = find_checkpoint(run.config, arguments.resume);
  const coordinator::Job job = make_job(run.plan, steps_done(checkpoint));
  if (!checkpoint.empty()) run.plan.config.model.init.clear();  // the checkpoint has the weights
  oracle::Oracle oracle(run.plan, oracle::Replicas::kIgnored, run.device->torch_device());
  if (!checkpoint.empty()) restore(run, oracle, checkpoint);

  prepare_run_folder(run.config, checkpoint.empty());
  coordinator::RunRecorder recorder(job, /*append=*/!checkpoint.empty());
  for (std::int64_t epoch = job.steps_done / job.steps_per_epoch;
       epoch * job.steps_per_epoch < job.total_steps; ++epoch) {
    carry_out(coordinator::epoch_orders(job, epoch), run, oracle, recorder);
  }
  recorder.finish(std::numeric_limits<double>::quiet_NaN());
  summarise(job, recorder);
  return 0;
}

int evaluate_in_single_process(const EvalArguments& arguments) {
  SingleProcess run(arguments);
  const std::string checkpoint = find_checkpoint_to_evaluate(run.plan, arguments.checkpoint);
  run.plan.config.model.init.clear();  // the checkpoint has the weights
  const coordinator::Job job = make_job(run.plan, steps_done(checkpoint));
  oracle::Oracle oracle(run.plan, oracle::Replicas::kIgnored, run.device->torch_device());
  restore(run, oracle, checkpoint);
  coordinator::RunRecorder recorder(job, /*append=*/true);
  carry_out(coordinator::evaluation_orders(job, (job.steps_done - 1) / job.steps_per_epoch, job.steps_done),
            run, oracle, recorder);
  return 0;
}

}  // namespace interlock::app
