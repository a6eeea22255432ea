#include "app/run_folder.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "common/error.h"
#include "common/file_lock.h"
#include "common/files.h"
#include "common/log.h"
#include "common/text.h"
#include "data/open_text.h"
#include "start/programs.h"
#include "storage/checkpoint.h"

namespace interlock::app {

config::Config load_run_config(const std::string& path, const std::vector<std::string>& overrides) {
  config::Config config = config::load_config(path, overrides);
  if (config.horizon() == config.partition.stages && config.learning.mix != config::MixKind::kFarthest) {
    log_warning(
        "learning.mix has no effect where the horizon is the number of stages: that is plain backpropagation "
        "of the last loss");
  }
  return config;
}

void require_real_device(const config::Config& config, const std::string& purpose) {
  if (config.run.device != config::DeviceKind::kSimulated) return;
  config::fail(config.where("run.device"), "run.device",
               fmt::format("is simulated: there are no weights to {}; use run.device=auto", purpose));
}

namespace {

// The run's vocabulary beside its weights, and the config to be written pointing at it: tokens keep their
// meaning wherever the text goes.
void keep_vocabulary(config::Config& config) {
  if (config.data.kind != config::DataKind::kText || config.data.tokens == config::TokenKind::kBytes) return;
  std::string content;
  std::string reason;
  try {
    if (!read_file(data::vocabulary_file(config), content, reason)) return;
  } catch (const DataError&) {
    return;  // only stage 0 need see the text; its host made or found the vocabulary
  }
  const bool words = config.data.tokens == config::TokenKind::kWords;
  config.data.vocabulary = config.run.dir + (words ? "/vocabulary.txt" : "/vocabulary.model");
  write_file_atomically(config.data.vocabulary, content);
}

}  // namespace

bool prepare_run_folder(const config::Config& config, bool fresh) {
  const std::string& folder = config.run.dir;
  const bool moves = fresh && std::filesystem::exists(folder + "/metrics.jsonl");
  if (moves) {
    log_info(fmt::format("{} held an earlier run: moved to {}", folder, set_aside_directory(folder)));
  }
  make_directories(folder);
  std::filesystem::remove(folder + "/failure.json");  // of an earlier life
  config::Config kept = config;
  keep_vocabulary(kept);
  write_file_atomically(folder + "/config.yaml", config::to_yaml(kept));
  return moves;
}

void claim_run_folder(const std::string& folder) {
  constexpr int kTries = 50;
  constexpr auto kPause = std::chrono::milliseconds(100);
  make_directories(folder);
  for (int i = 0; i < kTries; ++i) {
    if (open_locked(folder + "/.lock") >= 0) return;  // and stays open
    std::this_thread::sleep_for(kPause);
  }
  throw UsageError(fmt::format(
      "{}: another job is training in this folder; wait for it, stop it, or give another run.dir", folder));
}

coordinator::Job make_job(const training::RunPlan& plan) {
  coordinator::Job job;
  job.config = plan.config;
  if (plan.config.run.device == config::DeviceKind::kSimulated)
    job.config.run.checkpoint = false;  // no weights
  job.train_samples = plan.config.data.drop_last ? plan.steps_per_epoch * plan.config.training.batch_size
                                                 : plan.data.train_samples;
  job.text = plan.data.is_text();
  job.eval_samples = plan.data.eval_samples;
  job.steps_per_epoch = plan.steps_per_epoch;
  job.total_steps = plan.total_steps;
  return job;
}

int print_stopped(const coordinator::Job& job, const coordinator::Ending& ending) {
  const std::string& dir = job.config.run.dir;
  const std::string where =
      fmt::format("stopped by a signal after step {} of {}", ending.step, job.total_steps);
  if (ending.step > 0 && !ending.saved) {
    fmt::print("\n{}; run.checkpoint is false: nothing was saved\n", where);
    return static_cast<int>(ExitCode::kPeerDied);
  }
  fmt::print("\n{}; the same command goes on from there ({})\n", where,
             ending.step == 0 ? "from the beginning" : storage::checkpoint_directory(dir, ending.step));
  return static_cast<int>(ExitCode::kRequeue);
}

void print_summary(const coordinator::Job& job, double seconds, double accuracy, double loss) {
  const std::string& dir = job.config.run.dir;
  if (job.total_steps == job.steps_done && !job.evaluate_first) {
    fmt::print(
        "\nnothing left to do: all {} steps were done before (--resume=none starts over, and keeps this run "
        "aside)\n",
        job.total_steps);
  } else {
    fmt::print("\ndone: {} steps in {}\n", job.total_steps - job.steps_done, format_duration(seconds));
  }
  if (std::isfinite(loss)) {
    fmt::print("  evaluation loss of the last stage: {:.4f}", loss);
    if (job.text) fmt::print(", perplexity {:.2f}", std::exp(loss));
    if (std::isfinite(accuracy)) fmt::print(", accuracy {:.1f} %", 100 * accuracy);
    fmt::print("\n");
  }
  fmt::print("  files: {0}/metrics.jsonl, {0}/config.yaml{1}\n", dir,
             job.config.run.checkpoint ? fmt::format(", {}/checkpoints/", dir) : "");
  fmt::print("next:\n");
  fmt::print("  train longer       the same command with training.epochs={}\n",
             2 * job.config.training.epochs);
  const std::string program = start::as_called_here();
  fmt::print("  see it             {} report {}\n", program, dir);
  fmt::print("  weights            {} export {} --out weights.safetensors\n", program, dir);
  if (job.text) fmt::print("  samples of text    {} generate {} --tokens 200\n", program, dir);
  fmt::print("  prove it exact     mpirun -np {} {} verify {}\n", job.config.partition.placement().ranks(),
             program, dir);
}

}  // namespace interlock::app
