#pragma once
// What all stages together say of one order.

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "schedule/protocol.h"

namespace interlock::coordinator {

struct BatchRecord {
  schedule::Order order;
  std::vector<schedule::Report> stages;  // one a stage, in stage order
};

// Puts the reports of the stages together; a record is complete when its slowest stage has reported.
class ReportCollector {
 public:
  explicit ReportCollector(int stages) : stages_(stages) {}

  // The complete record, if this report was its last one. Orders complete in the order they were issued,
  // because every stage works through them in that order.
  std::optional<BatchRecord> add(const schedule::Report& report);

 private:
  using Key = std::tuple<std::int64_t, schedule::OrderKind, std::int64_t>;
  int stages_;
  std::map<Key, std::vector<schedule::Report>> open_;
};

}  // namespace interlock::coordinator
