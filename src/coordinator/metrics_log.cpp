#include "coordinator/metrics_log.h"

#include <cerrno>
#include <cmath>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"

namespace interlock::coordinator {
namespace {

using nlohmann::ordered_json;

ordered_json number_or_null(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

ordered_json list(const PerStage& values) {
  ordered_json array = ordered_json::array();
  for (const double value : values) array.push_back(number_or_null(value));
  return array;
}

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
                       {"busy_fraction", list(m.busy_fraction)}};
  if (!std::isnan(m.tokens_per_second)) line["tokens_per_second"] = m.tokens_per_second;
  write_line(line.dump());
}

void MetricsLog::write(const EpochMetrics& m) {
  const ordered_json line = {{"kind", "epoch"},
                             {"step", m.step},
                             {"epoch", m.epoch},
                             {"loss", list(m.loss)},
                             {"accuracy", list(m.accuracy)},
                             {"seconds", m.seconds},
                             {"samples_per_second", m.samples_per_second},
                             {"busy_fraction", list(m.busy_fraction)}};
  write_line(line.dump());
}

void MetricsLog::write(const EvalMetrics& m) {
  ordered_json line = {{"kind", "eval"},
                       {"step", m.step},
                       {"epoch", m.epoch},
                       {"loss", list(m.loss)},
                       {"accuracy", list(m.accuracy)}};
  if (!m.perplexity.empty()) line["perplexity"] = list(m.perplexity);
  write_line(line.dump());
}

void MetricsLog::write(const RunMetrics& m) {
  ordered_json line = {{"kind", "run"},        {"event", m.event}, {"stages", m.stages},
                       {"horizon", m.horizon}, {"steps", m.steps}, {"micro_batches", m.micro_batches},
                       {"seconds", m.seconds}};
  if (m.event == "end") {
    line["coordinator_cpu_seconds"] = number_or_null(m.coordinator_cpu_seconds);
    line["cpu_seconds"] = list(m.cpu_seconds);
    line["cpu_seconds_in_steps"] = list(m.cpu_seconds_in_steps);
    line["peak_memory_mebibytes"] = list(m.peak_memory_mebibytes);
    line["sent_bytes"] = list(m.sent_bytes);
    line["peak_activation_bytes"] = list(m.peak_activation_bytes);
    line["micro_batch_activation_bytes"] = list(m.micro_batch_activation_bytes);
  }
  write_line(line.dump());
}

}  // namespace interlock::coordinator
