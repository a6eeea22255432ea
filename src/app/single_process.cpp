#include "app/single_process.h"

#include <cmath>
#include <limits>
#include <optional>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/balance.h"
#include "app/live_view.h"
#include "app/resume.h"
#include "app/run_folder.h"
#include "app/single_device.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/stop_signal.h"
#include "coordinator/checkpoint_keeper.h"
#include "coordinator/order_sequence.h"
#include "oracle/oracle.h"
#include "training/batch_loader.h"
#include "training/stage_checkpoint.h"
#include "worker/equipment.h"

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
BatchRecord make_record(const Order& order, const oracle::BatchResult& result, double seconds,
                        double peak_mebibytes) {
  BatchRecord record{order, {}};
  for (std::size_t k = 0; k < result.loss.size(); ++k) {
    schedule::Report report;
    report.order = order;
    report.stage = static_cast<int>(k);
    report.has_loss = std::isnan(result.loss[k]) ? 0 : 1;
    report.loss = result.loss[k];
    report.correct = result.correct[k];
    report.counted = result.counted;
    report.left_out = result.left_out ? 1 : 0;
    if (result.nonfinite_stage == report.stage) report.nonfinite = result.nonfinite;
    report.busy_seconds = report.elapsed_seconds = seconds;
    report.cpu_seconds = process_cpu_seconds() / static_cast<double>(result.loss.size());
    report.peak_memory_mebibytes = peak_mebibytes;
    record.stages.push_back(report);
  }
  return record;
}

void restore(const SingleProcess& run, oracle::Oracle& oracle, const std::string& checkpoint) {
  for (int k = 0; k < run.plan.rule.stages(); ++k) {
    training::load_stage_checkpoint(checkpoint, oracle.stage(k), oracle.optimizer(k),
                                    run.plan.data.vocabulary, &oracle.scaler(k));
  }
}

// Carries out orders on the oracle, as the coordinator's workers do on their stages.
class SingleWorker {
 public:
  SingleWorker(const SingleProcess& run, oracle::Oracle& oracle, coordinator::RunRecorder& recorder,
               coordinator::CheckpointKeeper& keeper)
      : run_(run),
        oracle_(oracle),
        recorder_(recorder),
        keeper_(keeper),
        left_out_(run.config.training),
        loader_(run.plan, run.source) {}

  // True where the run must rewind.
  bool carry_out(const Order& order) {
    const double start = monotonic_seconds();
    if (order.kind == OrderKind::kTrain) {
      const oracle::BatchResult result =
          oracle_.train_batch(loader_.load_all(order), order.epoch, order.step);
      const BatchRecord record = record_of(order, result, start);
      recorder_.record_step(record);
      return left_out_.trained(record);
    }
    if (order.kind == OrderKind::kEvaluate) {
      const oracle::BatchResult result = oracle_.evaluate_batch(loader_.load_all(order));
      recorder_.record_evaluation(record_of(order, result, start));
      if (order.ends_evaluation != 0) keeper_.evaluated(order.step, recorder_.last_evaluation()->loss.back());
    } else if (order.kind == OrderKind::kCheckpoint) {
      write_checkpoint(order.step);
    }
    return false;
  }

  void rewind(std::int64_t left_out_step) {
    coordinator::announce_rewind(left_out_step, keeper_.newest());
    restore(run_, oracle_, storage::checkpoint_directory(run_.config.run.dir, keeper_.newest()));
  }

  void write_checkpoint(std::int64_t step) {
    const double start = monotonic_seconds();
    keeper_.begin(step);
    const std::string directory = storage::checkpoint_directory(run_.config.run.dir, step);
    std::vector<storage::ShardInfo> shards;
    for (int k = 0; k < run_.plan.rule.stages(); ++k) {
      shards.push_back(training::write_stage_checkpoint(directory, oracle_.stage(k), oracle_.optimizer(k),
                                                        run_.plan.data.vocabulary, &oracle_.scaler(k)));
    }
    keeper_.commit(step, shards, monotonic_seconds() - start);
  }

 private:
  [[nodiscard]] BatchRecord record_of(const Order& order, const oracle::BatchResult& result,
                                      double start) const {
    return make_record(order, result, monotonic_seconds() - start, worker::peak_mebibytes(*run_.device));
  }

  const SingleProcess& run_;
  oracle::Oracle& oracle_;
  coordinator::RunRecorder& recorder_;
  coordinator::CheckpointKeeper& keeper_;
  coordinator::LeftOutSteps left_out_;
  training::BatchLoader loader_;
};

// Until the end of the run, or until a signal asks for a stop.
coordinator::Ending train(const coordinator::Job& job, SingleWorker& worker,
                          const coordinator::CheckpointKeeper& keeper) {
  coordinator::RunOrders orders(job);
  std::int64_t last = job.steps_done;
  std::optional<Order> order;
  while (!stop_requested() && (order = orders.next())) {
    if (order->kind == OrderKind::kTrain) last = order->step;
    if (!worker.carry_out(*order)) continue;
    worker.rewind(order->step);
    orders.go_on_after(order->step);
  }
  if (!order) return {false, last, keeper.newest() == last};
  if (keeper.newest() != last && job.config.run.checkpoint) worker.write_checkpoint(last);
  return {true, last, keeper.newest() == last};
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
  if (run.config.profile.active > 0)
    log_warning("profile: a single process has no stages that wait: no trace is taken");
  const std::string checkpoint = find_start(run.config, arguments.resume);
  coordinator::Job job = make_job(run.plan);
  go_on_from(checkpoint, job);
  if (!checkpoint.empty()) run.plan.config.model.init.clear();  // the checkpoint has the weights
  oracle::Oracle oracle(run.plan, oracle::Replicas::kIgnored, run.device->torch_device());
  if (!checkpoint.empty()) restore(run, oracle, checkpoint);

  prepare_to_train(run.plan, checkpoint, job);
  catch_stop_signals();
  open_rank_log(job.config, kCoordinator);
  coordinator::LiveFile live(job, live_process);
  coordinator::RunRecorder recorder(job, /*append=*/!checkpoint.empty(),
                                    coordinator::RunRecorder::Purpose::kTraining, &live);
  coordinator::CheckpointKeeper keeper(job, recorder);
  SingleWorker worker(run, oracle, recorder, keeper);
  const coordinator::Ending ending = train(job, worker, keeper);
  recorder.finish(std::numeric_limits<double>::quiet_NaN(), ending.stopped);
  if (ending.stopped) return print_stopped(job, ending);
  summarise(job, recorder);
  return 0;
}

int evaluate_in_single_process(const EvalArguments& arguments) {
  SingleProcess run(arguments);
  const std::string checkpoint = find_checkpoint_to_evaluate(run.plan, arguments.checkpoint);
  run.plan.config.model.init.clear();  // the checkpoint has the weights
  coordinator::Job job = make_job(run.plan);
  job.steps_done = steps_done(checkpoint);
  oracle::Oracle oracle(run.plan, oracle::Replicas::kIgnored, run.device->torch_device());
  restore(run, oracle, checkpoint);
  coordinator::RunRecorder recorder(job, /*append=*/true, coordinator::RunRecorder::Purpose::kEvaluation);
  coordinator::CheckpointKeeper keeper(job, recorder);
  SingleWorker worker(run, oracle, recorder, keeper);
  for (const Order& order :
       coordinator::evaluation_orders(job, (job.steps_done - 1) / job.steps_per_epoch, job.steps_done)) {
    worker.carry_out(order);
  }
  return 0;
}

}  // namespace interlock::app
