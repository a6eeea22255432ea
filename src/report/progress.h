#pragma once
// How far a run is, as the x axis of a chart counts it: in training time, epochs or steps.

#include "report/axis.h"
#include "report/line_chart.h"
#include "report/sections.h"

namespace interlock::report {

class Progress {
 public:
  static Progress by_time() { return Progress(Kind::kTime); }
  // In steps where a run has no whole epoch, or all together hardly two.
  static Progress by_epoch(const Comparison& comparison);

  [[nodiscard]] double of(const Run& run, std::int64_t step) const;
  void describe(LineChart& chart) const;   // title and unit of the x axis
  [[nodiscard]] const char* id() const;    // "time", "epoch": for names of figures
  [[nodiscard]] const char* name() const;  // "training time", "epoch", "step"

 private:
  enum class Kind { kTime, kEpoch, kStep };
  explicit Progress(Kind kind) : kind_(kind) {}
  Kind kind_;
};

// Points that a curve may have, so that a page with so many curves of a kind stays small.
std::size_t points_for(std::size_t curves);

}  // namespace interlock::report
