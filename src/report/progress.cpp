#include "report/progress.h"

#include <algorithm>
#include <cmath>

namespace interlock::report {

Progress Progress::by_epoch(const Comparison& comparison) {
  double most = 0;
  for (const Run& run : comparison.runs) {
    if (!std::isfinite(run.steps_per_epoch)) return Progress(Kind::kStep);
    most = std::max(most, static_cast<double>(run.metrics.steps.back().step) / run.steps_per_epoch);
  }
  return Progress(most < 1.5 ? Kind::kStep : Kind::kEpoch);
}

double Progress::of(const Run& run, std::int64_t step) const {
  switch (kind_) {
    case Kind::kTime:
      return run.seconds_at(step);
    case Kind::kEpoch:
      return static_cast<double>(step) / run.steps_per_epoch;
    case Kind::kStep:
      break;
  }
  return static_cast<double>(step);
}

void Progress::describe(LineChart& chart) const {
  chart.x_title = name();
  chart.x.unit = kind_ == Kind::kTime ? Unit::kSeconds : Unit::kNumber;
  chart.x.whole = kind_ != Kind::kTime;
  chart.x.from_zero = true;
  chart.x.ticks = 7;
  chart.x.margin = 0;
}

const char* Progress::id() const {
  return kind_ == Kind::kTime ? "time" : "epoch";
}

const char* Progress::name() const {
  return kind_ == Kind::kTime ? "training time" : kind_ == Kind::kEpoch ? "epoch" : "step";
}

std::size_t points_for(std::size_t curves) {
  constexpr std::size_t kAll = 1600;
  return std::clamp<std::size_t>(kAll / std::max<std::size_t>(1, curves), 24, 140);
}

}  // namespace interlock::report
