#include "sweep/outcome.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <nlohmann/json.hpp>

#include "common/file_lock.h"
#include "common/files.h"

namespace interlock::sweep {
namespace {

using nlohmann::json;

// False where there is no (readable) record.
bool read_failure(const SweepRun& run, Outcome& outcome) {
  std::string content;
  std::string reason;
  if (!read_file(run.files.failure, content, reason)) return false;
  const json record = json::parse(content, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) return false;
  outcome.exit_code = record.value("exit_code", 0);
  outcome.error = record.value("error", "");
  return true;
}

bool has_score(const Outcome& outcome) {
  return outcome.state == State::kDone && std::isfinite(outcome.score);
}

}  // namespace

std::string name_of(State state) {
  switch (state) {
    case State::kNotRun:
      return "not run";
    case State::kUnfinished:
      return "unfinished";
    case State::kRunning:
      return "running";
    case State::kFailed:
      return "failed";
    case State::kDone:
      break;
  }
  return "done";
}

Outcome find_outcome(const SweepPlan& plan, const SweepRun& run) {
  Outcome outcome;
  outcome.run = &run;
  const RunMetrics metrics = read_metrics(run.files.folder);
  outcome.seconds = metrics.seconds;
  outcome.evaluation = choose_evaluation(metrics, plan.grid.score, plan.grid.when);
  if (outcome.evaluation) outcome.score = score_of(*outcome.evaluation, plan.grid.score);
  if (metrics.ended && !lacks_final_evaluation(metrics)) {
    outcome.state = State::kDone;
  } else if (is_locked(run.files.log)) {
    outcome.state = State::kRunning;
  } else if (read_failure(run, outcome)) {
    outcome.state = State::kFailed;
  } else if (metrics.started) {
    outcome.state = State::kUnfinished;
  }
  return outcome;
}

std::vector<Outcome> ranked_outcomes(const SweepPlan& plan) {
  std::vector<Outcome> outcomes;
  for (const SweepRun& run : plan.runs) outcomes.push_back(find_outcome(plan, run));
  std::stable_sort(outcomes.begin(), outcomes.end(), [&](const Outcome& a, const Outcome& b) {
    if (has_score(a) && has_score(b)) return is_better(a.score, b.score, plan.grid.score);
    if (has_score(a) != has_score(b)) return has_score(a);
    return (a.state == State::kDone) && (b.state != State::kDone);
  });
  return outcomes;
}

const Outcome* best_of(const std::vector<Outcome>& ranked) {
  return !ranked.empty() && has_score(ranked.front()) ? &ranked.front() : nullptr;
}

void record_failure(const SweepRun& run, int exit_code, const std::string& error) {
  const json record = {{"exit_code", exit_code}, {"error", error}};
  write_file_atomically(run.files.failure, record.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

void forget_failure(const SweepRun& run) {
  std::error_code missing;
  std::filesystem::remove(run.files.failure, missing);
}

std::string last_error_line(const std::string& log, std::uintmax_t from) {
  constexpr std::uintmax_t kMost = 1 << 16;  // bytes of output that are looked at
  std::error_code reason;
  const std::uintmax_t size = std::filesystem::file_size(log, reason);
  if (reason || size <= from) return "";
  std::ifstream stream(log, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(size - from > kMost ? size - kMost : from));
  std::string last;
  std::string error;
  for (std::string line; std::getline(stream, line);) {
    line.erase(0, line.rfind('\r') + 1);  // a progress line that was overwritten
    if (line.find_first_not_of(" -\t") == std::string::npos) continue;
    last = line;
    if (line.compare(0, 10, "interlock:") == 0 && line.find("error:") != std::string::npos) error = line;
  }
  return error.empty() ? last : error;
}

}  // namespace interlock::sweep
