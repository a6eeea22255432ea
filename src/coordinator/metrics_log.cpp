#include "coordinator/metrics_log.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/files.h"
#include "coordinator/numbers.h"

namespace interlock::coordinator {
namespace {

using nlohmann::ordered_json;

}  // namespace

MetricsLog::MetricsLog(const std::string& path, bool append)
    : path_(path), file_(path, append ? std::ios::app : std::ios::trunc) {
  if (!file_) throw IoError(fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
}

void MetricsLog::write_line(const std::string& line) {
  file_ << line << std::endl;  // flushed, so that who follows the file sees whole lines
  if (!file_) throw IoError(fmt::format("{}: cannot write: {}", path_, std::strerror(errno)));
}

void MetricsLog::write(const StepMetrics& m) {
  ordered_json line = {{"kind", "step"},
                       {"step", m.step},
                       {"epoch", m.epoch},
                       {"loss", list(m.loss)},
                       {"accuracy", number_or_null(m.accuracy)},
                       {"lr", m.lr},
                       {"step_seconds", m.step_seconds},
                       {"samples_per_second", m.samples_per_second},
                       {"busy_fraction", list(m.busy_fraction)},
                       {"memory_mebibytes", list(m.memory_mebibytes)}};
  if (m.left_out) line["left_out"] = true;
  if (!std::isnan(m.tokens_per_second)) line["tokens_per_second"] = m.tokens_per_second;
  line["time"] = number_or_null(m.time);
  write_line(line.dump());
}

void MetricsLog::write(const EpochMetrics& m) {
  ordered_json line = {{"kind", "epoch"},
                       {"step", m.step},
                       {"epoch", m.epoch},
                       {"loss", list(m.loss)},
                       {"accuracy", list(m.accuracy)},
                       {"seconds", m.seconds},
                       {"samples_per_second", m.samples_per_second},
                       {"busy_fraction", list(m.busy_fraction)}};
  line["time"] = number_or_null(m.time);
  write_line(line.dump());
}

void MetricsLog::write(const EvalMetrics& m) {
  ordered_json line = {{"kind", "eval"},
                       {"step", m.step},
                       {"epoch", m.epoch},
                       {"loss", list(m.loss)},
                       {"accuracy", list(m.accuracy)}};
  if (!m.perplexity.empty()) line["perplexity"] = list(m.perplexity);
  line["time"] = number_or_null(m.time);
  write_line(line.dump());
}

void MetricsLog::write(const CheckpointMetrics& m) {
  ordered_json line = {{"kind", "run"},        {"event", "checkpoint"},
                       {"step", m.step},       {"blocked_seconds", m.blocked_seconds},
                       {"seconds", m.seconds}, {"bytes", m.bytes}};
  line["time"] = number_or_null(m.time);
  write_line(line.dump());
}

void MetricsLog::sync() {
  const int descriptor = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) throw IoError(fmt::format("{}: cannot flush: {}", path_, std::strerror(reason)));
}

bool trim_metrics(const std::string& path, std::int64_t steps_done) {
  std::ifstream file(path);
  std::string kept;
  bool evaluated = false;
  bool dropped = false;
  for (std::string text; std::getline(file, text);) {
    const ordered_json line = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
    const bool whole = line.is_object() && line.contains("kind") && !file.eof();
    const bool has_step = whole && line.contains("step") && line["step"].is_number_integer();
    const std::int64_t step = has_step ? line["step"].get<std::int64_t>() : 0;
    if (!whole || step > steps_done) {
      dropped = true;
      continue;
    }
    evaluated = evaluated || (line["kind"] == "eval" && step == steps_done);
    kept += text + '\n';
  }
  if (dropped) write_file_atomically(path, kept);
  return evaluated;
}

void MetricsLog::write(const RunMetrics& m) {
  ordered_json line = {{"kind", "run"},        {"event", m.event}, {"stages", m.stages},
                       {"horizon", m.horizon}, {"steps", m.steps}, {"micro_batches", m.micro_batches},
                       {"seconds", m.seconds}};
  if (m.event != "start") {
    line["coordinator_cpu_seconds"] = number_or_null(m.coordinator_cpu_seconds);
    line["cpu_seconds"] = list(m.cpu_seconds);
    line["cpu_seconds_in_steps"] = list(m.cpu_seconds_in_steps);
    line["peak_memory_mebibytes"] = list(m.peak_memory_mebibytes);
    line["sent_bytes"] = list(m.sent_bytes);
    line["peak_activation_bytes"] = list(m.peak_activation_bytes);
    line["micro_batch_activation_bytes"] = list(m.micro_batch_activation_bytes);
  }
  line["time"] = number_or_null(m.time);
  write_line(line.dump());
}

}  // namespace interlock::coordinator
