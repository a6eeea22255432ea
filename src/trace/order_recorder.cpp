#include "trace/order_recorder.h"

#include "common/clock_offset.h"
#include "trace/window.h"

namespace interlock::trace {

using schedule::OrderKind;

void OrderRecorder::issuing(const schedule::Order& order) {
  ++orders_;
  if (order.kind == OrderKind::kTrain) on_ = phase_of(profile_, ++steps_) == WindowPhase::kActive;
  if (!on_ || order.kind == OrderKind::kFinish) return;
  const std::int64_t now = monotonic_nanoseconds();
  trace_.orders.push_back({orders_, order.kind, order.step, now, now, now, 0});
  for (int rank = 1; rank <= workers_; ++rank) {
    Record record = record_of(RecordKind::kSend, Message::kOrder, rank);
    record.order = orders_;
    record.begin = record.end = now;
    trace_.records.push_back(record);
  }
}

void OrderRecorder::issued() {
  if (on_ && !trace_.orders.empty() && trace_.orders.back().order == orders_)
    trace_.orders.back().end = monotonic_nanoseconds();
}

void OrderRecorder::reported(const schedule::Report& report, int rank) {
  if (report.order.kind != OrderKind::kTrain) return;  // those of other kinds look alike
  ++reports_of_steps_;
  for (const OrderUse& use : trace_.orders) {
    if (use.kind != OrderKind::kTrain || use.step != report.order.step) continue;
    Record record = record_of(RecordKind::kArrival, Message::kReport, rank);
    record.order = use.order;
    record.begin = record.end = monotonic_nanoseconds();
    trace_.records.push_back(record);
    return;
  }
}

}  // namespace interlock::trace
