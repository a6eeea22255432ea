#include "app/resume.h"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "app/run_folder.h"
#include "common/error.h"
#include "common/files.h"
#include "common/log.h"
#include "common/path_advice.h"
#include "common/text.h"
#include "config/difference.h"
#include "coordinator/metrics_log.h"
#include "coordinator/order_sequence.h"
#include "schedule/schedule_file.h"
#include "storage/checkpoint.h"
#include "training/stage_checkpoint.h"

namespace interlock::app {
namespace {

namespace fs = std::filesystem;

std::string existing_checkpoint(const std::string& path, const char* option) {
  if (fs::exists(path + "/manifest.json")) return path;
  throw DataError(fmt::format("{}: {} is no checkpoint (it has no manifest.json); give a folder such as {}{}",
                              option, path, storage::checkpoint_directory("runs/<name>", 1),
                              advice_on_missing(path)));
}

// What the run in the folder has that this one has not; nothing where that cannot be told.
std::vector<config::Difference> changed_since(const config::Config& config) {
  const std::string file = config.run.dir + "/config.yaml";
  if (!fs::exists(file)) return {};
  return config::differences_of_experiment(config::load_config(file, {}), config);
}

bool lies_in(const std::string& checkpoint, const std::string& run) {
  std::error_code ignored;
  return fs::equivalent(fs::path(checkpoint).parent_path(), storage::checkpoints_directory(run), ignored);
}

std::string say_found(const std::string& checkpoint) {
  log_info(fmt::format("going on from {}", checkpoint));
  return checkpoint;
}

}  // namespace

std::string find_start(const config::Config& config, const std::string& resume) {
  const std::string& run = config.run.dir;
  if (resume == "none") return "";
  if (!resume.empty() && resume != "auto" && resume != "sound")
    return say_found(existing_checkpoint(resume, "--resume"));
  const std::string found =
      resume == "sound" ? storage::latest_sound_checkpoint(run) : storage::latest_checkpoint(run);
  if (found.empty()) {
    if (!resume.empty()) {
      log_info(fmt::format("no checkpoint in {}: starting from the beginning",
                           storage::checkpoints_directory(run)));
    }
    return "";
  }
  const std::vector<config::Difference> changed = changed_since(config);
  if (changed.empty()) return say_found(found);
  if (resume.empty()) {
    log_info(fmt::format(
        "the run in {} is another one ({}): starting from the beginning (--resume goes on all the same)", run,
        config::in_words(changed)));
    return "";
  }
  log_warning(fmt::format("the run goes on, but not as the same: {}", config::in_words(changed)));
  return say_found(found);
}

std::string find_checkpoint_of_run(const config::Config& config, const std::string& given) {
  const std::string& dir = config.run.dir;
  if (given == "best") {
    const std::string best = storage::best_checkpoint(dir);
    if (!best.empty()) return best;
    throw DataError(
        fmt::format("--checkpoint best: none was noted in {}; train with run.keep_best=true and evaluations",
                    storage::checkpoints_directory(dir)));
  }
  if (!given.empty()) return existing_checkpoint(given, "--checkpoint");
  const std::string found = storage::latest_checkpoint(dir);
  if (!found.empty()) return say_found(found);
  throw DataError(fmt::format("no checkpoint in {}; train first, or give --checkpoint",
                              storage::checkpoints_directory(dir)));
}

std::string find_checkpoint_to_evaluate(const training::RunPlan& plan, const std::string& given) {
  if (plan.data.eval_samples == 0)
    throw DataError("this data has nothing to evaluate on; give data.eval_path");
  return find_checkpoint_of_run(plan.config, given);
}

std::int64_t steps_done(const std::string& checkpoint) {
  return checkpoint.empty() ? 0 : storage::read_manifest(checkpoint).step;
}

void go_on_from(const std::string& checkpoint, coordinator::Job& job) {
  if (checkpoint.empty()) return;
  const storage::Manifest manifest = storage::read_manifest(checkpoint);
  const std::int64_t batch = job.config.training.batch_size;
  if (manifest.batch_size != batch || manifest.steps_per_epoch != job.steps_per_epoch) {
    throw UsageError(fmt::format(
        "{} was written with batches of {} samples, {} an epoch; here there are {} of {}: no place in the "
        "data to go on from. Keep training.batch_size and the data, or start from its weights with "
        "--resume=none model.init={}",
        checkpoint, manifest.batch_size, manifest.steps_per_epoch, job.steps_per_epoch, batch, checkpoint));
  }
  if (manifest.seed != job.config.training.seed) {
    log_warning(fmt::format(
        "{} was written with training.seed {}, now it is {}: data come in another order from here on",
        checkpoint, manifest.seed, job.config.training.seed));
  }
  job.steps_done = manifest.step;
  job.recorder_state = manifest.recorder;
}

void prepare_to_train(const training::RunPlan& plan, const std::string& checkpoint, coordinator::Job& job) {
  const std::string& run = plan.config.run.dir;
  const bool goes_on = !checkpoint.empty() && lies_in(checkpoint, run);
  claim_run_folder(run);
  const bool moved = prepare_run_folder(plan.config, /*fresh=*/!goes_on);
  if (moved) claim_run_folder(run);
  if (!plan.schedule.empty())  // for the report, and to use again with schedule.file
    write_file_atomically(run + "/schedule.txt", schedule::to_text(plan.schedule));
  if (!checkpoint.empty()) {
    const std::vector<std::string> dropped = training::heads_dropped(checkpoint, plan.blueprint);
    if (!dropped.empty())
      log_warning(fmt::format("{} has heads where this cut has none; they are dropped: {}", checkpoint,
                              join(dropped, ", ")));
  }
  if (!goes_on) return;
  storage::remove_unfinished(run);
  for (const std::string& folder : storage::set_aside_later_checkpoints(run, job.steps_done))
    log_info(fmt::format("set aside a later checkpoint: {}", folder));
  const bool evaluated = coordinator::trim_metrics(run + "/metrics.jsonl", job.steps_done);
  job.evaluate_first = coordinator::evaluation_due(job, job.steps_done) && !evaluated;
}

}  // namespace interlock::app
