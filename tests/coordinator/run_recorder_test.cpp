#include "coordinator/run_recorder.h"

#include <cmath>

#include "coordinator_support.h"

namespace interlock::coordinator {
namespace {

using nlohmann::json;
using schedule::OrderKind;
using test::TempFolder;

// Two stages, batches of 4 and then 2 samples, two steps an epoch, two epochs.
Job make_job(const TempFolder& folder, const std::string& more = "") {
  Job job;
  job.config = config::parse_config(
      "model: {kind: convnet}\npartition: {stages: 2}\nlearning: {horizon: 2}\n"
      "training: {batch_size: 4, epochs: 2" +
          more +
          "}\n"
          "optimizer: {lr: 0.5, schedule: {kind: multistep, milestones: [2]}}\n"
          "data: {kind: tensors, path: none}\nrun: {dir: '" +
          folder.path() + "', log_every: 100}\n",
      "a.yaml", {});
  job.train_samples = 6;
  job.steps_per_epoch = 2;
  job.total_steps = 4;
  return job;
}

// Stage 0 has no loss; stage 1 this one.
BatchRecord record(OrderKind kind, std::int64_t step, std::int64_t samples, double loss,
                   std::int64_t correct) {
  BatchRecord result;
  result.order.kind = kind;
  result.order.step = step;
  result.order.epoch = (step - 1) / 2;
  result.order.samples = samples;
  result.stages.resize(2);
  for (int stage = 0; stage < 2; ++stage) {
    schedule::Report& report = result.stages[static_cast<std::size_t>(stage)];
    report.order = result.order;
    report.stage = stage;
    report.counted = samples;  // one target a sample
    report.busy_seconds = stage == 0 ? 1 : 3;
    report.elapsed_seconds = 4;
    report.cpu_seconds = 10 * stage + static_cast<double>(step);
    report.peak_memory_mebibytes = 100;
  }
  result.stages[1].has_loss = 1;
  result.stages[1].loss = loss;
  result.stages[1].correct = correct;
  return result;
}

std::vector<json> lines_of(const TempFolder& folder, const std::string& kind) {
  std::vector<json> found;
  for (const json& line : read_lines(folder.path_of("metrics.jsonl"))) {
    if (line["kind"] == kind) found.push_back(line);
  }
  return found;
}

TEST_CASE("each step is a line with its losses, accuracy, rate and busy fractions") {
  const TempFolder folder;
  const Job job = make_job(folder);
  RunRecorder recorder(job, false);
  recorder.record_step(record(OrderKind::kTrain, 1, 4, 2.0, 3));
  recorder.record_step(record(OrderKind::kTrain, 2, 2, 1.0, 1));
  recorder.record_step(record(OrderKind::kTrain, 3, 4, 0.5, 4));
  const std::vector<json> steps = lines_of(folder, "step");
  REQUIRE(steps.size() == 3);
  CHECK(steps[0]["loss"] == json::array({nullptr, 2.0}));
  CHECK(steps[0]["accuracy"] == 0.75);
  CHECK(steps[0]["epoch"] == 1);
  CHECK(steps[0]["lr"] == 0.5);
  CHECK(steps[0]["busy_fraction"] == json::array({0.25, 0.75}));
  CHECK(steps[2]["epoch"] == 2);
  CHECK(steps[2]["lr"].get<double>() == Approx(0.05));
  CHECK(steps[2]["step_seconds"].get<double>() >= 0);
}

TEST_CASE("an epoch's line has means over samples, not over batches, and starts afresh") {
  const TempFolder folder;
  const Job job = make_job(folder);
  RunRecorder recorder(job, false);
  recorder.record_step(record(OrderKind::kTrain, 1, 4, 2.0, 3));
  recorder.record_step(record(OrderKind::kTrain, 2, 2, 1.0, 1));
  recorder.record_step(record(OrderKind::kTrain, 3, 4, 0.5, 4));
  recorder.record_step(record(OrderKind::kTrain, 4, 2, 0.5, 0));
  const std::vector<json> epochs = lines_of(folder, "epoch");
  REQUIRE(epochs.size() == 2);
  CHECK(epochs[0]["step"] == 2);
  CHECK(epochs[0]["loss"][0].is_null());
  CHECK(epochs[0]["loss"][1].get<double>() == Approx((4 * 2.0 + 2 * 1.0) / 6));
  CHECK(epochs[0]["accuracy"][0].is_null());
  CHECK(epochs[0]["accuracy"][1].get<double>() == Approx(4.0 / 6));
  CHECK(epochs[1]["loss"][1].get<double>() == Approx(0.5));
}

TEST_CASE(
    "an epoch that goes on after a restart has the mean of all its steps, but the rate of this start's") {
  const TempFolder folder;
  Job job = make_job(folder);
  {
    RunRecorder recorder(job, false);
    recorder.record_step(record(OrderKind::kTrain, 1, 4, 2.0, 3));
    job.recorder_state = recorder.state();
  }
  job.steps_done = 1;
  RunRecorder recorder(job, true);
  recorder.record_step(record(OrderKind::kTrain, 2, 2, 1.0, 1));
  const json epoch = lines_of(folder, "epoch").at(0);
  CHECK(epoch["loss"][1].get<double>() == Approx((4 * 2.0 + 2 * 1.0) / 6));
  CHECK(epoch["samples_per_second"].get<double>() * epoch["seconds"].get<double>() == Approx(2));
}

TEST_CASE("a run that ends within an epoch still gets that epoch's line") {
  const TempFolder folder;
  Job job = make_job(folder);
  job.total_steps = 3;
  RunRecorder recorder(job, false);
  for (int step = 1; step <= 3; ++step) recorder.record_step(record(OrderKind::kTrain, step, 4, 1, 1));
  CHECK(lines_of(folder, "epoch").size() == 2);
}

TEST_CASE("of text, losses and hits are means over tokens, and evaluations have a perplexity") {
  const TempFolder folder;
  Job job = make_job(folder);
  job.text = true;
  RunRecorder recorder(job, false);
  BatchRecord first = record(OrderKind::kEvaluate, 2, 4, 1.0, 6);
  BatchRecord last = record(OrderKind::kEvaluate, 2, 4, 3.0, 1);
  for (schedule::Report& report : first.stages) report.counted = 30;  // of batches of as many samples
  for (schedule::Report& report : last.stages) report.counted = 10;
  last.order.ends_evaluation = 1;
  recorder.record_evaluation(first);
  recorder.record_evaluation(last);
  const json evaluation = lines_of(folder, "eval").at(0);
  CHECK(evaluation["loss"][1].get<double>() == Approx(1.5));
  CHECK(evaluation["accuracy"][1].get<double>() == Approx(7.0 / 40));
  CHECK(evaluation["perplexity"][1].get<double>() == Approx(std::exp(1.5)));
  CHECK(evaluation["perplexity"][0].is_null());
}

TEST_CASE("an evaluation is one line over all its batches") {
  const TempFolder folder;
  const Job job = make_job(folder);
  RunRecorder recorder(job, false);
  CHECK_FALSE(recorder.last_evaluation());
  recorder.record_evaluation(record(OrderKind::kEvaluate, 2, 4, 1.0, 4));
  CHECK(lines_of(folder, "eval").empty());
  BatchRecord last = record(OrderKind::kEvaluate, 2, 1, 3.5, 0);
  last.order.ends_evaluation = 1;
  recorder.record_evaluation(last);
  recorder.record_evaluation(last);  // a second evaluation of one batch
  const std::vector<json> evaluations = lines_of(folder, "eval");
  REQUIRE(evaluations.size() == 2);
  CHECK(evaluations[0]["loss"][1].get<double>() == Approx((4 * 1.0 + 3.5) / 5));
  CHECK(evaluations[0]["accuracy"][1].get<double>() == Approx(0.8));
  CHECK(evaluations[0]["epoch"] == 1);
  CHECK(evaluations[1]["loss"][1].get<double>() == Approx(3.5));
  REQUIRE(recorder.last_evaluation());
  CHECK(recorder.last_evaluation()->accuracy[1] == 0);
}

TEST_CASE("regression has losses and no accuracy") {
  const TempFolder folder;
  const Job job = make_job(folder, ", loss: mean_squared_error");
  RunRecorder recorder(job, false);
  recorder.record_step(record(OrderKind::kTrain, 1, 4, 2.0, 0));
  const std::vector<json> steps = lines_of(folder, "step");
  CHECK(steps[0]["loss"] == json::array({nullptr, 2.0}));
  CHECK(steps[0]["accuracy"].is_null());
}

TEST_CASE("a run's file begins and ends with a line about the run, and counts on after a resume") {
  const TempFolder folder;
  Job job = make_job(folder);
  {
    RunRecorder recorder(job, false);
    recorder.record_step(record(OrderKind::kTrain, 1, 4, 2.0, 3));
    recorder.record_step(record(OrderKind::kTrain, 2, 2, 2.0, 1));
    recorder.finish(0.5);
  }
  job.steps_done = 2;
  RunRecorder recorder(job, true);
  recorder.record_step(record(OrderKind::kTrain, 3, 4, 2.0, 3));
  recorder.finish(0.25);
  const std::vector<json> runs = lines_of(folder, "run");
  REQUIRE(runs.size() == 4);
  CHECK(runs[0]["event"] == "start");
  CHECK(runs[0]["stages"] == 2);
  CHECK(runs[0]["horizon"] == 2);
  CHECK(runs[0]["steps"] == 0);
  CHECK(runs[1]["event"] == "end");
  CHECK(runs[1]["steps"] == 2);
  CHECK(runs[1]["cpu_seconds"] == json::array({2.0, 12.0}));
  CHECK(runs[1]["cpu_seconds_in_steps"] == json::array({1.0, 1.0}));
  CHECK(runs[1]["coordinator_cpu_seconds"] == 0.5);
  CHECK(runs[2]["steps"] == 2);
  CHECK(runs[3]["steps"] == 3);
}

}  // namespace
}  // namespace interlock::coordinator
