// bench_metrics FOLDER: CPU seconds that the coordinator takes to write down a step, by what is written. JSON
// lines; bench/logging.py reads them.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "common/clock.h"
#include "coordinator/run_recorder.h"

namespace {

using namespace interlock;
using coordinator::Job;
using coordinator::LiveFile;
using coordinator::LiveRank;
using coordinator::RunRecorder;

constexpr int kSteps = 20000;
constexpr double kLiveSeconds = 5;

Job make_job(const std::string& folder, int stages, bool tensorboard) {
  Job job;
  job.config = config::parse_config(
      fmt::format("model: {{kind: convnet}}\npartition: {{stages: {}}}\nlearning: {{horizon: 1}}\n"
                  "data: {{kind: shapes}}\nrun: {{dir: '{}', log_every: 1000000, tensorboard: {}}}\n",
                  stages, folder, tensorboard),
      "bench", {});
  job.steps_per_epoch = job.total_steps = kSteps + 1;
  return job;
}

coordinator::BatchRecord make_record(int stages, std::int64_t step) {
  coordinator::BatchRecord record;
  record.order.kind = schedule::OrderKind::kTrain;
  record.order.step = step;
  record.order.samples = 64;
  for (int stage = 0; stage < stages; ++stage) {
    schedule::Report report;
    report.order = record.order;
    report.stage = stage;
    report.has_loss = 1;
    report.loss = 2.0 / static_cast<double>(step + stage);
    report.counted = 64;
    report.busy_seconds = 0.01234567 + 1e-7 * static_cast<double>(step);
    report.elapsed_seconds = 0.02;
    report.peak_memory_mebibytes = 345.678;
    record.stages.push_back(report);
  }
  return record;
}

LiveFile::Ranks idle_ranks(int stages) {
  return [stages] { return std::vector<LiveRank>(static_cast<std::size_t>(stages)); };
}

void print(const std::string& what, int stages, double seconds) {
  fmt::print("{{\"case\": \"{}\", \"stages\": {}, \"seconds\": {:.9f}}}\n", what, stages, seconds);
  std::fflush(stdout);
}

// Of one step, all threads.
double step_seconds(const std::string& folder, int stages, bool tensorboard, bool live_file) {
  std::filesystem::create_directories(folder);
  const Job job = make_job(folder, stages, tensorboard);
  std::optional<LiveFile> live;
  if (live_file) live.emplace(job, idle_ranks(stages));
  RunRecorder recorder(job, false, RunRecorder::Purpose::kTraining, live ? &*live : nullptr);
  const double start = process_cpu_seconds();
  for (std::int64_t step = 1; step <= kSteps; ++step) recorder.record_step(make_record(stages, step));
  return (process_cpu_seconds() - start) / kSteps;
}

// Of one second in which nothing else happens.
double live_seconds(const std::string& folder, int stages) {
  const Job job = make_job(folder, stages, false);
  const LiveFile live(job, idle_ranks(stages));
  const double start = process_cpu_seconds();
  std::this_thread::sleep_for(std::chrono::duration<double>(kLiveSeconds));
  return (process_cpu_seconds() - start) / kLiveSeconds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = argv[1];
  for (const int stages : {2, 8, 32}) {
    print("metrics.jsonl", stages, step_seconds(folder + "/a", stages, false, false));
    print("metrics.jsonl and TensorBoard", stages, step_seconds(folder + "/b", stages, true, false));
    print("all", stages, step_seconds(folder + "/c", stages, true, true));
    print("live.json, a second", stages, live_seconds(folder + "/c", stages));
    for (const char* run : {"/a", "/b", "/c"}) std::filesystem::remove_all(folder + run);
  }
}
