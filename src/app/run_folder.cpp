#include "app/run_folder.h"

#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"
#include "common/log.h"
#include "common/text.h"
#include "data/open_text.h"
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

std::string find_checkpoint(const config::Config& config, const std::string& resume) {
  if (resume == "none") return "";
  if (resume != "auto") {
    if (!std::filesystem::exists(resume + "/manifest.json")) {
      throw DataError(
          fmt::format("--resume: {} is no checkpoint (it has no manifest.json); give a folder such as {}",
                      resume, storage::checkpoint_directory(config.run.dir, 1)));
    }
    return resume;
  }
  const std::string found = storage::latest_checkpoint(config.run.dir);
  log_info(found.empty() ? fmt::format("no checkpoint in {}: starting from the beginning",
                                       storage::checkpoints_directory(config.run.dir))
                         : fmt::format("going on from {}", found));
  return found;
}

std::string find_checkpoint_to_evaluate(const training::RunPlan& plan, const std::string& given) {
  if (plan.data.eval_samples == 0)
    throw DataError("this data has nothing to evaluate on; give data.eval_path");
  return find_checkpoint_of_run(plan.config, given);
}

std::string find_checkpoint_of_run(const config::Config& config, const std::string& given) {
  const std::string& dir = config.run.dir;
  const std::string found = given.empty() ? storage::latest_checkpoint(dir) : find_checkpoint(config, given);
  if (found.empty())
    throw DataError(fmt::format("no checkpoint in {}; train first, or give --checkpoint",
                                storage::checkpoints_directory(dir)));
  return found;
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

void prepare_run_folder(const config::Config& config, bool fresh) {
  const std::string& folder = config.run.dir;
  if (fresh && std::filesystem::exists(folder + "/metrics.jsonl")) {
    log_info(fmt::format("{} held an earlier run: moved to {}", folder, set_aside_directory(folder)));
  }
  make_directories(folder);
  config::Config kept = config;
  keep_vocabulary(kept);
  write_file_atomically(folder + "/config.yaml", config::to_yaml(kept));
}

std::int64_t steps_done(const std::string& checkpoint) {
  return checkpoint.empty() ? 0 : storage::read_manifest(checkpoint).step;
}

coordinator::Job make_job(const training::RunPlan& plan, std::int64_t steps_done) {
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
  job.steps_done = steps_done;
  return job;
}

void print_summary(const coordinator::Job& job, double seconds, double accuracy, double loss) {
  const std::string& dir = job.config.run.dir;
  fmt::print("\ndone: {} steps in {}\n", job.total_steps - job.steps_done, format_duration(seconds));
  if (std::isfinite(loss)) {
    fmt::print("  evaluation loss of the last stage: {:.4f}", loss);
    if (job.text) fmt::print(", perplexity {:.2f}", std::exp(loss));
    if (std::isfinite(accuracy)) fmt::print(", accuracy {:.1f} %", 100 * accuracy);
    fmt::print("\n");
  }
  fmt::print("  files: {0}/metrics.jsonl, {0}/config.yaml{1}\n", dir,
             job.config.run.checkpoint ? fmt::format(", {}/checkpoints/", dir) : "");
  fmt::print("next:\n");
  fmt::print("  train longer       the same command with --resume training.epochs={}\n",
             2 * job.config.training.epochs);
  fmt::print("  weights            build/release/interlock export {} --out weights.safetensors\n", dir);
  if (job.text) fmt::print("  samples of text    build/release/interlock generate {} --tokens 200\n", dir);
  fmt::print("  prove it exact     mpirun -np {} build/release/interlock verify {}\n",
             job.config.partition.placement().ranks(), dir);
}

}  // namespace interlock::app
