#include "trace/recorder.h"

#include "support/catch.h"
#include "trace/order_recorder.h"
#include "trace/window.h"

using namespace interlock;
using trace::WindowPhase;

namespace {

config::ProfileConfig profile_of(std::int64_t wait, std::int64_t warmup, std::int64_t active) {
  config::ProfileConfig profile;
  profile.wait = wait;
  profile.warmup = warmup;
  profile.active = active;
  return profile;
}

}  // namespace

TEST_CASE("The steps of a window follow each other: wait, warm-up, active, and nothing after") {
  const config::ProfileConfig profile = profile_of(2, 1, 2);
  const std::vector<WindowPhase> expected = {WindowPhase::kBefore, WindowPhase::kBefore, WindowPhase::kWarmup,
                                             WindowPhase::kActive, WindowPhase::kActive, WindowPhase::kAfter};
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(trace::phase_of(profile, static_cast<std::int64_t>(i) + 1) == expected[i]);
  CHECK(trace::last_of(profile) == 5);
  CHECK(trace::phase_of(profile_of(0, 0, 0), 1) == WindowPhase::kAfter);
  CHECK(trace::phase_of(profile_of(0, 0, 1), 1) == WindowPhase::kActive);
}

TEST_CASE("A recorder that is off takes nothing down; one that starts drops what was before") {
  trace::Recorder recorder;
  { const trace::Span span(recorder, {trace::RecordKind::kLoad}); }
  CHECK(recorder.take().empty());
  recorder.start(4);
  { const trace::Span span(recorder, {trace::RecordKind::kLoad}); }
  recorder.start(4);
  recorder.begin_order();
  {
    const trace::Span outer(recorder, {trace::RecordKind::kLoad});
    const trace::Span inner(recorder, {trace::RecordKind::kSum});
  }
  recorder.stop();
  { const trace::Span span(recorder, {trace::RecordKind::kLoad}); }
  const std::vector<trace::Record> records = recorder.take();
  REQUIRE(records.size() == 2);
  CHECK(records[0].kind == trace::RecordKind::kSum);
  CHECK(records[1].begin <= records[0].begin);
  CHECK(records[0].end <= records[1].end);
  CHECK(records[0].order == 1);
}

TEST_CASE("A span that was begun while recording ends as one, and one begun before does not") {
  trace::Recorder recorder;
  {
    const trace::Span before(recorder, {trace::RecordKind::kLoad});
    recorder.start(1);
  }
  CHECK(recorder.take().empty());
}

TEST_CASE("Actions are named by kind, micro-batch and loss") {
  using schedule::ActionKind;
  CHECK(trace::name_of({ActionKind::kForward, 3}) == "F 3");
  CHECK(trace::name_of({ActionKind::kInputGradient, 3, 2}) == "I 3@2");
  CHECK(trace::name_of({ActionKind::kInputGradient, 3, 2, 3}) == "I 3@2-4");
  CHECK(trace::name_of({ActionKind::kUpdate}) == "U");
}

TEST_CASE("The coordinator notes the orders of active steps, and their reports") {
  trace::OrderRecorder recorder(profile_of(1, 0, 1), 2);
  schedule::Order order;
  order.kind = schedule::OrderKind::kTrain;
  for (std::int64_t step = 11; step <= 13; ++step) {
    order.step = step;
    recorder.issuing(order);
    recorder.issued();
  }
  schedule::Report report;
  for (std::int64_t step = 11; step <= 13; ++step) {
    for (const int rank : {1, 2}) {
      report.order = order;
      report.order.step = step;
      recorder.reported(report, rank);
    }
  }
  const trace::RankTrace& trace = recorder.trace();
  REQUIRE(trace.orders.size() == 1);
  CHECK(trace.orders[0].step == 12);
  CHECK(trace.orders[0].order == 2);
  REQUIRE(trace.records.size() == 4);  // to two ranks, from two ranks
  for (const trace::Record& record : trace.records) CHECK(record.order == 2);
  CHECK(recorder.steps() == 3);
}
