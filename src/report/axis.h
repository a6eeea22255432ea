#pragma once
// An axis: from numbers to places on the page, with round numbers to write beside it.

#include <string>
#include <vector>

#include "report/format.h"

namespace interlock::report {

struct Tick {
  double value = 0;
  std::string label;
};

struct Axis {
  double low = 0, high = 1;  // low < high; above zero where logarithmic
  bool logarithmic = false;
  bool percent = false;
  std::vector<Tick> ticks;  // inside [low, high], ascending
  double unit_value = 1;    // what one of the labels' units is: 60 where they are minutes
  std::string unit;         // of the labels: "min"; "" where they say it themselves or need none

  // As a label, with about three digits.
  [[nodiscard]] std::string label(double value) const;
  // 0 at low, 1 at high; not clamped.
  [[nodiscard]] double place_of(double value) const;
};

struct AxisOptions {
  Unit unit = Unit::kNumber;
  int ticks = 5;       // about so many
  bool whole = false;  // no ticks between whole numbers
  bool from_zero = false;
  bool may_be_logarithmic = false;  // where the values span more than a factor kLogarithmicFrom
  double margin = 0.04;             // of the length, on both sides
};

inline constexpr double kLogarithmicFrom = 50;

// For whatever is finite among the values between `low` and `high`; any two numbers make a sensible axis.
Axis make_axis(double low, double high, const AxisOptions& options = {});

// 1, 2 or 5 times a power of ten: the smallest such step that is at least `least`.
double round_step(double least);

}  // namespace interlock::report
