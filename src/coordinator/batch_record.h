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

// The reports of all replicas of a stage as the stage's. REQUIRES one report or more, in the order of the
// replicas. What replicas share out adds up (losses in this order: floating-point addition is not
// associative), times are means, peaks are the highest; what all have alike is replica 0's.
schedule::Report merge_replicas(const std::vector<schedule::Report>& replicas);

// Puts the reports of the workers together; a record is complete when the slowest has reported.
class ReportCollector {
 public:
  // `workers`: stages x replicas.
  explicit ReportCollector(int workers) : workers_(workers) {}

  // The complete record, if this report was its last one. Orders complete in the order they were issued,
  // because every stage works through them in that order.
  std::optional<BatchRecord> add(const schedule::Report& report);

 private:
  using Key = std::tuple<std::int64_t, schedule::OrderKind, std::int64_t>;
  int workers_;
  std::map<Key, std::vector<schedule::Report>> open_;
};

}  // namespace interlock::coordinator
