#include "report/run.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/file_lock.h"
#include "common/files.h"
#include "common/path_advice.h"
#include "common/text.h"

namespace interlock::report {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMetrics = "metrics.jsonl";

bool is_run(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / kMetrics, ignored);
}

// Runs that lie in `folder`, by name.
std::vector<std::string> runs_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code reason;
  for (fs::directory_iterator entry(folder, reason), end; !reason && entry != end; entry.increment(reason)) {
    if (is_run(entry->path())) names.push_back(entry->path().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

[[noreturn]] void refuse(const std::string& folder) {
  std::error_code ignored;
  constexpr std::size_t kMost = 6;
  if (!fs::exists(folder, ignored)) {
    throw UsageError(
        fmt::format("{}: there is no such folder of a run{}", folder, advice_on_missing(folder)));
  }
  if (fs::path(folder).filename() == kMetrics) {
    throw UsageError(
        fmt::format("{}: give the run's folder, {}", folder, fs::path(folder).parent_path().string()));
  }
  if (!fs::is_directory(folder, ignored))
    throw UsageError(fmt::format("{}: is no folder of a run; give run.dir of its config", folder));
  std::vector<std::string> inside = runs_in(folder);
  if (inside.empty()) {
    throw UsageError(
        fmt::format("{}: has no {}: no run was started here; give run.dir of its config", folder, kMetrics));
  }
  const bool more = inside.size() > kMost;
  inside.resize(std::min(inside.size(), kMost));
  throw UsageError(fmt::format("{}: is no run but holds some: interlock report {}{}", folder,
                               join(inside, " "), more ? " ..." : ""));
}

// Entries of the later attempt win, and what comes after them in the earlier one is dropped: it was lost.
template <class Entry>
void keep_last(std::vector<Entry>& entries) {
  std::vector<Entry> kept;
  for (Entry& entry : entries) {
    while (!kept.empty() && kept.back().step >= entry.step) kept.pop_back();
    kept.push_back(std::move(entry));
  }
  entries = std::move(kept);
}

void keep_training(runs::Metrics& metrics) {
  std::set<int> trained;
  for (const runs::Step& step : metrics.steps) trained.insert(step.attempt);
  for (const runs::Event& event : metrics.events) {  // one that only had an evaluation left to do
    if (event.event == "end" || event.event == "stop") trained.insert(event.attempt);
  }
  const auto untrained = [&](const auto& entry) { return trained.count(entry.attempt) == 0; };
  auto& evaluations = metrics.evaluations;
  evaluations.erase(std::remove_if(evaluations.begin(), evaluations.end(), untrained), evaluations.end());
  auto& events = metrics.events;
  events.erase(std::remove_if(events.begin(), events.end(), untrained), events.end());
  keep_last(metrics.steps);
  keep_last(metrics.epochs);
  keep_last(evaluations);
}

std::string failure_of(const std::string& folder) {
  std::string text;
  std::string reason;
  if (!read_file(folder + "/failure.json", text, reason)) return "";
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool whole = document.is_object() && document.contains("message") && document["message"].is_string();
  return whole ? document["message"].get<std::string>() : "see failure.json";
}

State state_of(const Run& run) {
  const std::string last = run.metrics.events.empty() ? "" : run.metrics.events.back().event;
  if (last == "end") return State::kDone;
  if (is_locked(run.folder + "/.lock")) return State::kRunning;
  if (!run.failure.empty()) return State::kFailed;
  return last == "stop" ? State::kStopped : State::kUnfinished;
}

double steps_per_epoch(const runs::Metrics& metrics) {
  for (auto epoch = metrics.epochs.rbegin(); epoch != metrics.epochs.rend(); ++epoch) {
    if (epoch->epoch > 0) return static_cast<double>(epoch->step) / static_cast<double>(epoch->epoch);
  }
  for (const runs::Step& step : metrics.steps) {  // of a run with no epoch lines yet: where the second begins
    if (step.epoch == 2) return static_cast<double>(step.step - 1);
  }
  return runs::kNone;
}

}  // namespace

double Run::seconds_at(std::int64_t step) const {
  const auto& steps = metrics.steps;
  const auto after =
      std::upper_bound(steps.begin(), steps.end(), step,
                       [](std::int64_t wanted, const runs::Step& s) { return wanted < s.step; });
  return after == steps.begin() ? 0 : seconds[static_cast<std::size_t>(after - steps.begin()) - 1];
}

bool Run::text() const {
  const auto is_text = [](const auto& step) { return std::isfinite(step.tokens_per_second); };
  return std::any_of(metrics.steps.begin(), metrics.steps.end(), is_text);
}

bool Run::classification() const {
  const auto has = [](const auto& step) { return std::isfinite(step.accuracy); };
  return std::any_of(metrics.steps.begin(), metrics.steps.end(), has);
}

bool Run::starts_attempt(std::size_t index) const {
  return index == 0 || metrics.steps[index].attempt != metrics.steps[index - 1].attempt;
}

Run load_run(const std::string& folder) {
  Run run;
  run.folder = folder;
  while (run.folder.size() > 1 && run.folder.back() == '/') run.folder.pop_back();
  if (!is_run(run.folder)) refuse(run.folder);
  run.metrics = runs::read_metrics(run.folder + "/" + kMetrics);
  keep_training(run.metrics);
  if (run.metrics.steps.empty()) {
    throw UsageError(
        fmt::format("{}/{}: has no finished step yet; report on the run once it has trained a little",
                    run.folder, kMetrics));
  }
  double sum = 0;
  for (const runs::Step& step : run.metrics.steps) {
    if (std::isfinite(step.step_seconds)) sum += step.step_seconds;
    run.seconds.push_back(sum);
    run.stages = std::max(run.stages, static_cast<int>(step.loss.size()));
  }
  for (const runs::Event& event : run.metrics.events) run.horizon = std::max(run.horizon, event.horizon);
  run.steps_per_epoch = steps_per_epoch(run.metrics);
  std::string reason;
  if (read_file(run.folder + "/config.yaml", run.yaml, reason))
    run.config = config::parse_config(run.yaml, run.folder + "/config.yaml", {});
  run.failure = failure_of(run.folder);
  run.state = state_of(run);
  return run;
}

void name_runs(std::vector<Run>& runs, const std::vector<std::string>& given) {
  if (!given.empty() && given.size() != runs.size()) {
    throw UsageError(fmt::format("--names: {} name{} for {} run{}; give one for each, separated by commas",
                                 given.size(), given.size() == 1 ? "" : "s", runs.size(),
                                 runs.size() == 1 ? "" : "s"));
  }
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const fs::path path = fs::path(runs[i].folder).lexically_normal();
    std::string last = path.filename().string();
    if (last.empty() || last == "." || last == "..")
      last = fs::absolute(path).lexically_normal().filename().string();
    if (last.empty()) last = "run";
    runs[i].name = given.empty() ? last : given[i];
    ++seen[runs[i].name];
  }
  for (Run& run : runs) {  // of the same name: told apart by their paths
    if (given.empty() && seen[run.name] > 1) run.name = run.folder;
  }
  std::map<std::string, int> number;
  for (Run& run : runs) {
    if (const int n = ++number[run.name]; n > 1) run.name += fmt::format(" ({})", n);
  }
}

}  // namespace interlock::report
