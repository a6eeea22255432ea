#include "tools/top/live.h"

#include <nlohmann/json.hpp>

#include "common/files.h"

namespace interlock::tools {
namespace {

using nlohmann::json;

// A field that an older or newer program has not written, or has as null, keeps what `value` had.
template <class Value>
void take(const json& object, const char* name, Value& value) {
  const auto found = object.find(name);
  if (found != object.end() && !found->is_null()) found->get_to(value);
}

void take(const json& object, const char* name, std::vector<double>& values) {
  const auto found = object.find(name);
  if (found == object.end()) return;
  for (const json& value : *found) values.push_back(value.is_null() ? kUnknown : value.get<double>());
}

LiveProcess process_of(const json& object) {
  LiveProcess process;
  take(object, "rank", process.rank);
  take(object, "stage", process.stage);
  take(object, "replica", process.replica);
  take(object, "host", process.host);
  take(object, "pid", process.pid);
  take(object, "phase", process.phase);
  take(object, "step", process.step);
  take(object, "action", process.action);
  take(object, "micro_batch", process.micro_batch);
  take(object, "waiting_for", process.waiting_for);
  take(object, "seconds", process.seconds);
  take(object, "silent_seconds", process.silent_seconds);
  take(object, "saving_step", process.saving_step);
  return process;
}

LiveRun run_of(const json& object) {
  LiveRun run;
  take(object, "state", run.state);
  take(object, "message", run.message);
  take(object, "time", run.time);
  take(object, "started", run.started);
  take(object, "step", run.step);
  take(object, "steps", run.steps);
  take(object, "epoch", run.epoch);
  take(object, "epochs", run.epochs);
  take(object, "seconds_left", run.seconds_left);
  take(object, "stages", run.stages);
  take(object, "horizon", run.horizon);
  take(object, "loss", run.loss);
  take(object, "busy_fraction", run.busy_fraction);
  take(object, "memory_mebibytes", run.memory_mebibytes);
  take(object, "accuracy", run.accuracy);
  take(object, "lr", run.lr);
  take(object, "samples_per_second", run.samples_per_second);
  take(object, "tokens_per_second", run.tokens_per_second);
  const json evaluation = object.value("evaluation", json::object());
  take(evaluation, "step", run.evaluated_step);
  take(evaluation, "epoch", run.evaluated_epoch);
  take(evaluation, "loss", run.evaluation_loss);
  take(evaluation, "accuracy", run.evaluation_accuracy);
  const json checkpoint = object.value("checkpoint", json::object());
  take(checkpoint, "step", run.checkpoint_step);
  take(checkpoint, "bytes", run.checkpoint_bytes);
  take(checkpoint, "time", run.checkpoint_time);
  for (const json& rank : object.value("ranks", json::array())) run.ranks.push_back(process_of(rank));
  return run;
}

}  // namespace

std::optional<LiveRun> read_live(const std::string& run_folder) {
  std::string text, reason;
  if (!read_file(run_folder + "/live.json", text, reason)) return std::nullopt;
  try {
    return run_of(json::parse(text));
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace interlock::tools
