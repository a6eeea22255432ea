#include "coordinator/live_file.h"

#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <pthread.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/atomic_file.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/files.h"
#include "common/log.h"
#include "coordinator/numbers.h"

namespace interlock::coordinator {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::seconds kInterval{1};

std::string path_in(const std::string& run_folder) {
  return run_folder + "/live.json";
}

// Host names may be anything.
std::string text_of(const ordered_json& json) {
  return json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

// For people: a hundredth of a second is fine enough.
ordered_json rounded(double seconds) {
  return number_or_null(std::round(seconds * 100) / 100);
}

// The last stage is the slowest: the metrics beside it are of what it has just done.
std::string state_of(const std::vector<LiveRank>& ranks) {
  if (ranks.empty()) return "training";
  const LiveRank& last = ranks.back();
  if (last.phase == "starting" || last.phase == "restoring") return "starting";
  return last.phase == "evaluating" || last.phase == "saving" ? last.phase : "training";
}

ordered_json to_json(const LiveRank& rank) {
  ordered_json json = {{"rank", rank.rank}, {"stage", rank.stage},  {"replica", rank.replica},
                       {"host", rank.host}, {"pid", rank.pid},      {"phase", rank.phase},
                       {"step", rank.step}, {"action", rank.action}};
  json["micro_batch"] = rank.micro_batch < 0 ? ordered_json(nullptr) : ordered_json(rank.micro_batch);
  json["waiting_for"] = rank.waiting_for;
  json["waiting_for_rank"] =
      rank.waiting_for_rank < 0 ? ordered_json(nullptr) : ordered_json(rank.waiting_for_rank);
  json["seconds"] = rounded(rank.seconds);
  json["silent_seconds"] = rounded(rank.silent_seconds);
  json["saving_step"] = rank.saving_step < 0 ? ordered_json(nullptr) : ordered_json(rank.saving_step);
  return json;
}

}  // namespace

LiveFile::LiveFile(const Job& job, Ranks ranks)
    : path_(path_in(job.config.run.dir)),
      ranks_(std::move(ranks)),
      started_(wall_seconds()),
      stages_(job.stages()),
      horizon_(job.config.horizon()),
      micro_batches_(job.config.schedule.micro_batches),
      steps_(job.total_steps),
      epochs_(job.config.training.epochs),
      steps_done_(job.steps_done),
      seconds_left_(std::numeric_limits<double>::quiet_NaN()) {
  write_once();
  thread_ = std::thread([this] { run(); });
}

LiveFile::~LiveFile() {
  finish("failed");
}

void LiveFile::step(const StepMetrics& metrics, double seconds_left) {
  const std::lock_guard lock(mutex_);
  step_ = metrics;
  steps_done_ = metrics.step;
  seconds_left_ = seconds_left;
}

void LiveFile::evaluation(const EvalMetrics& metrics) {
  const std::lock_guard lock(mutex_);
  evaluation_ = metrics;
}

void LiveFile::checkpoint(const CheckpointMetrics& metrics) {
  const std::lock_guard lock(mutex_);
  checkpoint_ = metrics;
}

void LiveFile::finish(const std::string& state) {
  {
    const std::lock_guard lock(mutex_);
    if (!state_.empty()) return;
    state_ = state;
  }
  changed_.notify_all();
  thread_.join();
}

void LiveFile::run() {
  pthread_setname_np(pthread_self(), "live file");
  bool ended = false;
  while (!ended) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kInterval, [this] { return !state_.empty(); });
      ended = !state_.empty();
    }
    write_once();
  }
}

std::string LiveFile::content(const std::vector<LiveRank>& ranks) {
  const std::lock_guard lock(mutex_);
  const StepMetrics step = step_.value_or(StepMetrics{});
  const std::string state = !state_.empty() ? state_ : step_ || evaluation_ ? state_of(ranks) : "starting";
  ordered_json json = {{"state", state},
                       {"time", wall_seconds()},
                       {"started", started_},
                       {"step", steps_done_},
                       {"steps", steps_},
                       {"epoch", step.epoch},
                       {"epochs", epochs_},
                       {"seconds_left", rounded(seconds_left_)},
                       {"stages", stages_},
                       {"horizon", horizon_},
                       {"micro_batches", micro_batches_}};
  if (step_) {
    json["loss"] = list(step.loss);
    json["accuracy"] = number_or_null(step.accuracy);
    json["busy_fraction"] = list(step.busy_fraction);
    json["memory_mebibytes"] = list(step.memory_mebibytes);
    json["lr"] = number_or_null(step.lr);
    json["samples_per_second"] = number_or_null(step.samples_per_second);
    if (!std::isnan(step.tokens_per_second))
      json["tokens_per_second"] = number_or_null(step.tokens_per_second);
  }
  if (evaluation_)
    json["evaluation"] = {{"step", evaluation_->step},
                          {"epoch", evaluation_->epoch},
                          {"loss", list(evaluation_->loss)},
                          {"accuracy", list(evaluation_->accuracy)},
                          {"time", number_or_null(evaluation_->time)}};
  if (checkpoint_)
    json["checkpoint"] = {{"step", checkpoint_->step},
                          {"bytes", checkpoint_->bytes},
                          {"time", number_or_null(checkpoint_->time)}};
  json["ranks"] = ordered_json::array();
  for (const LiveRank& rank : ranks) json["ranks"].push_back(to_json(rank));
  return text_of(json);
}

void LiveFile::write_once() {
  try {
    const std::string text = content(ranks_());
    AtomicFile file(path_, /*durable=*/false);
    file.write(text.data(), text.size());
    file.commit();
  } catch (const IoError& error) {
    if (!files_are_closed_for_good() && !std::exchange(told_, true))
      log_warning(fmt::format("{}; the run goes on, `interlock top` does not see it", error.what()));
  }
}

void mark_live_file_failed(const std::string& run_folder, const std::string& message) {
  std::string text, reason;
  if (!read_file(path_in(run_folder), text, reason)) return;
  ordered_json json = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return;
  json["state"] = "failed";
  json["message"] = message;
  json["time"] = wall_seconds();
  // In place: files are no longer exchanged once a job is ending, and nobody else writes this one.
  std::ofstream(path_in(run_folder)) << text_of(json);
}

}  // namespace interlock::coordinator
