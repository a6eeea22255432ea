#include "inspect/run_facts.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <set>
#include <sys/stat.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/file_lock.h"
#include "common/files.h"
#include "inspect/tensor_set.h"
#include "storage/step_folders.h"

namespace interlock::inspect {
namespace {

namespace fs = std::filesystem;

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

double age_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return 0;
  return std::max(0.0, std::difftime(std::time(nullptr), status.st_mtime));
}

std::string failure_line(const std::string& folder) {
  std::string text;
  std::string reason;
  if (!read_file(folder + "/failure.json", text, reason)) return "";
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool whole = document.is_object() && document.contains("message") && document["message"].is_string();
  return whole ? document["message"].get<std::string>() : "failure.json is damaged";
}

void read_config(RunFacts& facts) {
  try {
    facts.config = config::load_config(facts.path + "/config.yaml", {});
  } catch (const Error& problem) {
    facts.config_problem = problem.what();
  }
}

void read_run_metrics(RunFacts& facts) {
  const std::string path = facts.path + "/metrics.jsonl";
  if (!exists(path)) return;
  facts.idle_seconds = age_of(path);
  runs::Metrics metrics;
  try {
    metrics = runs::read_metrics(path);
  } catch (const Error& problem) {
    facts.metrics_problem = problem.what();
    return;
  }
  facts.state = RunState::kInterrupted;
  std::set<int> trained;  // an evaluation of the run writes a start, too, and nothing ends with it
  for (const runs::Step& step : metrics.steps) trained.insert(step.attempt);
  bool first = true;
  for (const runs::Event& event : metrics.events) {
    if (event.event == "checkpoint") continue;
    if (event.event == "start" && !first && trained.count(event.attempt) == 0) continue;
    first = false;
    facts.state = event.event == "end"    ? RunState::kDone
                  : event.event == "stop" ? RunState::kStopped
                                          : RunState::kInterrupted;
    facts.steps = std::max(facts.steps, event.step);
    facts.seconds = std::isfinite(event.seconds) ? event.seconds : 0;
  }
  if (!metrics.steps.empty()) {
    facts.last_step = metrics.steps.back();
    facts.steps = std::max(facts.steps, facts.last_step->step);
  }
  if (!metrics.epochs.empty()) facts.epochs = metrics.epochs.back().epoch;
  if (metrics.evaluations.empty()) return;
  facts.last_evaluation = metrics.evaluations.back();
  for (const runs::Evaluation& evaluation : metrics.evaluations) {
    if (evaluation.loss.empty() || !std::isfinite(evaluation.loss.back())) continue;
    if (!facts.best_evaluation || evaluation.loss.back() < facts.best_evaluation->loss.back())
      facts.best_evaluation = evaluation;
  }
}

void list_checkpoints(RunFacts& facts) {
  std::int64_t best = -1;
  try {
    if (const auto noted = storage::read_best(facts.path)) best = noted->step;
  } catch (const DataError&) {
    // Said by whoever wants the best one.
  }
  for (const storage::StepFolder& folder : storage::step_folders(facts.path)) {
    if (!folder.committed) continue;
    KeptCheckpoint kept;
    kept.path = folder.path.string();
    kept.step = folder.step;
    kept.best = folder.step == best;
    kept.age_seconds = age_of(kept.path + "/manifest.json");
    try {
      const storage::Manifest manifest = storage::read_manifest(kept.path);
      kept.epochs = manifest.epochs;
      for (const storage::ShardInfo& shard : manifest.shards) kept.bytes += shard.bytes;
    } catch (const DataError& problem) {
      kept.problem = problem.what();
    }
    facts.checkpoints.push_back(std::move(kept));
  }
  if (!facts.checkpoints.empty()) facts.checkpoints.back().newest = true;
}

// What only a checkpoint knows: where the network is really cut, and how large it is.
void look_into(const std::string& checkpoint, RunFacts& facts) {
  TensorSet set;
  try {
    set = open_tensors(checkpoint);
  } catch (const DataError&) {
    return;  // said in the list of checkpoints
  }
  for (const TensorFile& shard : set.files) {
    facts.cut.push_back(shard.first_layer >= 0 ? fmt::format("{}..{}", shard.first_layer, shard.last_layer)
                                               : "?");
    facts.layers = std::max<std::int64_t>(facts.layers, shard.last_layer + 1);
    bool has_head = false;
    for (const storage::TensorEntry& entry : shard.tensors) {
      const TensorRole role = role_of(entry.name);
      if (!role.is_parameter()) continue;
      (role.head >= 0 ? facts.head_parameters : facts.parameters) += elements_of(entry);
      has_head = has_head || role.head >= 0;
    }
    if (has_head)
      facts.heads.push_back(fmt::format("heads.{} after layer {}", shard.stage, shard.last_layer));
  }
  if (!facts.config || set.manifest->steps_per_epoch <= 0) return;
  const config::TrainingConfig& training = facts.config->training;
  facts.total_steps = training.epochs * set.manifest->steps_per_epoch;
  if (training.max_steps > 0) facts.total_steps = std::min(facts.total_steps, training.max_steps);
}

}  // namespace

bool is_run(const std::string& path) {
  return exists(path + "/config.yaml") || exists(path + "/metrics.jsonl");
}

RunFacts facts_of_run(const std::string& path) {
  RunFacts facts;
  facts.path = path;
  read_config(facts);
  read_run_metrics(facts);
  if (exists(path + "/failure.json")) {
    facts.state = RunState::kFailed;
    facts.last_words = failure_line(path);
  }
  if (is_locked(path + "/.lock")) facts.state = RunState::kRunning;
  list_checkpoints(facts);
  for (auto kept = facts.checkpoints.rbegin(); kept != facts.checkpoints.rend(); ++kept) {
    if (!kept->problem.empty()) continue;
    look_into(kept->path, facts);
    break;
  }
  return facts;
}

std::string name_of(RunState state) {
  switch (state) {
    case RunState::kNotStarted:
      return "not started";
    case RunState::kRunning:
      return "running";
    case RunState::kDone:
      return "done";
    case RunState::kStopped:
      return "stopped";
    case RunState::kFailed:
      return "failed";
    case RunState::kInterrupted:
      return "interrupted";
  }
  throw BrokenInvariant("a state without a name");
}

}  // namespace interlock::inspect
