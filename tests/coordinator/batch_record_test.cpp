#include "coordinator/batch_record.h"

#include "support/catch.h"

namespace interlock::coordinator {
namespace {

using schedule::OrderKind;
using schedule::Report;

Report report(int stage, OrderKind kind, std::int64_t step, std::int64_t first_sample = 0) {
  Report result;
  result.order.kind = kind;
  result.order.step = step;
  result.order.first_sample = first_sample;
  result.stage = stage;
  return result;
}

TEST_CASE("a record is complete with its slowest stage's report, and lists stages in order") {
  ReportCollector collector(3);
  CHECK_FALSE(collector.add(report(2, OrderKind::kTrain, 1)));
  CHECK_FALSE(collector.add(report(0, OrderKind::kTrain, 1)));
  const std::optional<BatchRecord> record = collector.add(report(1, OrderKind::kTrain, 1));
  REQUIRE(record);
  CHECK(record->order.step == 1);
  REQUIRE(record->stages.size() == 3);
  for (int stage = 0; stage < 3; ++stage)
    CHECK(record->stages[static_cast<std::size_t>(stage)].stage == stage);
}

TEST_CASE("a stage may be several orders ahead of another") {
  ReportCollector collector(2);
  CHECK_FALSE(collector.add(report(0, OrderKind::kTrain, 1)));
  CHECK_FALSE(collector.add(report(0, OrderKind::kTrain, 2)));
  CHECK_FALSE(collector.add(report(0, OrderKind::kTrain, 3)));
  CHECK(collector.add(report(1, OrderKind::kTrain, 1))->order.step == 1);
  CHECK(collector.add(report(1, OrderKind::kTrain, 2))->order.step == 2);
  CHECK(collector.add(report(1, OrderKind::kTrain, 3))->order.step == 3);
}

TEST_CASE("orders of one step are told apart by kind and by first sample") {
  ReportCollector collector(2);
  CHECK_FALSE(collector.add(report(0, OrderKind::kTrain, 3, 0)));
  CHECK_FALSE(collector.add(report(0, OrderKind::kCheckpoint, 3, 0)));
  CHECK_FALSE(collector.add(report(0, OrderKind::kEvaluate, 3, 0)));
  CHECK_FALSE(collector.add(report(0, OrderKind::kEvaluate, 3, 4)));
  CHECK(collector.add(report(1, OrderKind::kTrain, 3, 0))->order.kind == OrderKind::kTrain);
  CHECK(collector.add(report(1, OrderKind::kCheckpoint, 3, 0))->order.kind == OrderKind::kCheckpoint);
  CHECK(collector.add(report(1, OrderKind::kEvaluate, 3, 0))->order.first_sample == 0);
  CHECK(collector.add(report(1, OrderKind::kEvaluate, 3, 4))->order.first_sample == 4);
}

TEST_CASE("a single stage completes every record at once") {
  ReportCollector collector(1);
  CHECK(collector.add(report(0, OrderKind::kTrain, 1)));
  CHECK(collector.add(report(0, OrderKind::kTrain, 1)));  // the same order again: nothing was left behind
}

TEST_CASE("replicas of a stage become one report: shares add up, times are means, peaks the highest") {
  ReportCollector collector(3);
  Report first = report(0, OrderKind::kTrain, 1), second = first;
  second.replica = 1;
  first.has_loss = second.has_loss = 1;
  first.loss = 0.25;
  second.loss = 0.5;
  first.counted = 3;
  second.counted = 2;
  first.busy_seconds = 1;
  second.busy_seconds = 2;
  first.peak_memory_mebibytes = 5;
  second.peak_memory_mebibytes = 7;
  first.bytes = 11;  // of the one shard that replica 0 wrote
  CHECK_FALSE(collector.add(second));
  CHECK_FALSE(collector.add(report(1, OrderKind::kTrain, 1)));
  const std::optional<BatchRecord> record = collector.add(first);
  REQUIRE(record);
  REQUIRE(record->stages.size() == 2);
  const Report& stage = record->stages.front();
  CHECK(stage.replica == 0);
  CHECK(stage.loss == 0.75);
  CHECK(stage.counted == 5);
  CHECK(stage.busy_seconds == 1.5);
  CHECK(stage.peak_memory_mebibytes == 7);
  CHECK(stage.bytes == 11);
  CHECK(record->stages.back().stage == 1);
}

}  // namespace
}  // namespace interlock::coordinator
