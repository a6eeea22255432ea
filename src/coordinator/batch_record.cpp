#include "coordinator/batch_record.h"

#include <algorithm>

namespace interlock::coordinator {

schedule::Report merge_replicas(const std::vector<schedule::Report>& replicas) {
  schedule::Report stage = replicas.front();
  for (std::size_t r = 1; r < replicas.size(); ++r) {
    const schedule::Report& replica = replicas[r];
    stage.has_loss |= replica.has_loss;
    stage.loss += replica.loss;
    stage.correct += replica.correct;
    stage.counted += replica.counted;
    stage.busy_seconds += replica.busy_seconds;
    stage.elapsed_seconds += replica.elapsed_seconds;
    stage.cpu_seconds += replica.cpu_seconds;
    stage.sent_bytes += replica.sent_bytes;
    if (stage.nonfinite.in == schedule::NonfiniteIn::kNothing) stage.nonfinite = replica.nonfinite;
    stage.peak_memory_mebibytes = std::max(stage.peak_memory_mebibytes, replica.peak_memory_mebibytes);
    stage.peak_activation_bytes = std::max(stage.peak_activation_bytes, replica.peak_activation_bytes);
    stage.micro_batch_activation_bytes =
        std::max(stage.micro_batch_activation_bytes, replica.micro_batch_activation_bytes);
  }
  stage.busy_seconds /= static_cast<double>(replicas.size());
  stage.elapsed_seconds /= static_cast<double>(replicas.size());
  return stage;
}

std::optional<BatchRecord> ReportCollector::add(const schedule::Report& report) {
  const Key key{report.order.step, report.order.kind, report.order.first_sample};
  std::vector<schedule::Report>& reports = open_[key];
  reports.push_back(report);
  if (static_cast<int>(reports.size()) < workers_) return std::nullopt;
  std::sort(reports.begin(), reports.end(), [](const auto& a, const auto& b) {
    return std::tie(a.stage, a.replica) < std::tie(b.stage, b.replica);
  });
  BatchRecord record{report.order, {}};
  for (auto first = reports.begin(); first != reports.end();) {
    const auto next =
        std::find_if(first, reports.end(), [&](const auto& other) { return other.stage != first->stage; });
    record.stages.push_back(merge_replicas({first, next}));
    first = next;
  }
  open_.erase(key);
  return record;
}

}  // namespace interlock::coordinator
