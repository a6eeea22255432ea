#include "coordinator/running_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "coordinator/numbers.h"

namespace interlock::coordinator {
namespace {

using nlohmann::json;

PerStage per_stage(const json& list) {
  PerStage values;
  for (const json& value : list.get_ref<const json::array_t&>())
    values.push_back(value.is_null() ? kNone : value.get<double>());
  return values;
}

}  // namespace

void RunningSums::add(const BatchRecord& record) {
  if (loss.empty()) loss = correct = busy = elapsed = PerStage(record.stages.size(), 0);
  samples += record.order.samples;
  const std::int64_t counted = record.stages.front().counted;
  targets += counted;
  for (std::size_t k = 0; k < record.stages.size(); ++k) {
    const schedule::Report& report = record.stages[k];
    loss[k] += report.has_loss != 0 ? report.loss * static_cast<double>(counted) : kNone;
    correct[k] += static_cast<double>(report.correct);
    busy[k] += report.busy_seconds;
    elapsed[k] += report.elapsed_seconds;
  }
}

PerStage RunningSums::mean_loss() const {
  PerStage mean;
  for (const double sum : loss) mean.push_back(sum / static_cast<double>(targets));
  return mean;
}

PerStage RunningSums::accuracy(bool defined) const {
  PerStage fraction;
  for (std::size_t k = 0; k < correct.size(); ++k) {
    fraction.push_back(defined && !std::isnan(loss[k]) ? correct[k] / static_cast<double>(targets) : kNone);
  }
  return fraction;
}

PerStage RunningSums::busy_fraction() const {
  PerStage fraction;
  for (std::size_t k = 0; k < busy.size(); ++k)
    fraction.push_back(elapsed[k] > 0 ? std::min(1.0, busy[k] / elapsed[k]) : 0);
  return fraction;
}

std::string to_text(const RunningSums& sums) {
  return json{{"samples", sums.samples},       {"targets", sums.targets}, {"loss", list(sums.loss)},
              {"correct", list(sums.correct)}, {"busy", list(sums.busy)}, {"elapsed", list(sums.elapsed)}}
      .dump();
}

RunningSums parse_running_sums(const std::string& text, int stages) {
  RunningSums sums;
  try {
    const json document = json::parse(text);
    sums.loss = per_stage(document.at("loss"));
    if (document.at("loss").size() != static_cast<std::size_t>(stages)) return {};
    document.at("samples").get_to(sums.samples);
    document.at("targets").get_to(sums.targets);
    sums.correct = per_stage(document.at("correct"));
    sums.busy = per_stage(document.at("busy"));
    sums.elapsed = per_stage(document.at("elapsed"));
  } catch (const json::exception& problem) {
    throw DataError(fmt::format("a checkpoint's sums of its epoch are no such thing: {}", problem.what()));
  }
  return sums;
}

}  // namespace interlock::coordinator
