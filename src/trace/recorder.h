#pragma once
// Takes down what one thread does: nothing but a branch while it is off, two looks at the clock and a copy
// into memory taken beforehand for each entry while it is on.
//
// Threads: one.

#include <cstddef>
#include <utility>
#include <vector>

#include "common/clock_offset.h"
#include "trace/record.h"

namespace interlock::trace {

class Recorder {
 public:
  [[nodiscard]] bool on() const { return on_; }

  // From now on; `expected` records fit without taking more memory. What was there is dropped.
  void start(std::size_t expected) {
    records_.clear();
    records_.reserve(expected);
    on_ = true;
  }
  void stop() { on_ = false; }
  [[nodiscard]] std::vector<Record> take() { return std::exchange(records_, {}); }

  // What is recorded from now on belongs to the next order.
  void begin_order() { ++order_; }
  [[nodiscard]] std::int64_t order() const { return order_; }

  // REQUIRES on().
  void add(Record record) {
    record.order = order_;
    records_.push_back(record);
  }
  void add_moment(Record record) {
    record.begin = record.end = monotonic_nanoseconds();
    add(record);
  }

 private:
  bool on_ = false;
  std::int64_t order_ = 0;
  std::vector<Record> records_;
};

// Records the time that it lives.
class Span {
 public:
  Span(Recorder& recorder, const Record& record) : recorder_(recorder.on() ? &recorder : nullptr) {
    if (recorder_ == nullptr) return;
    record_ = record;
    record_.begin = monotonic_nanoseconds();
  }
  ~Span() {
    if (recorder_ == nullptr) return;
    record_.end = monotonic_nanoseconds();
    recorder_->add(record_);
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  Recorder* const recorder_;
  Record record_;
};

}  // namespace interlock::trace
