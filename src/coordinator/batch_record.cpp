#include "coordinator/batch_record.h"

#include <algorithm>

namespace interlock::coordinator {

std::optional<BatchRecord> ReportCollector::add(const schedule::Report& report) {
  const Key key{report.order.step, report.order.kind, report.order.first_sample};
  std::vector<schedule::Report>& reports = open_[key];
  reports.push_back(report);
  if (static_cast<int>(reports.size()) < stages_) return std::nullopt;
  BatchRecord record{report.order, std::move(reports)};
  open_.erase(key);
  std::sort(record.stages.begin(), record.stages.end(),
            [](const auto& a, const auto& b) { return a.stage < b.stage; });
  return record;
}

}  // namespace interlock::coordinator
