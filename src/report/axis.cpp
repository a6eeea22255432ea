#include "report/axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace interlock::report {
namespace {

constexpr double kMinute = 60;
constexpr double kHour = 3600;
constexpr double kDay = 24 * kHour;
constexpr double kGibibyte = 1024;  // mebibytes

// What one of the shown units is in the axis' own.
struct Shown {
  double factor = 1;
  std::string unit;
  bool percent = false;
};

Shown shown_unit(double most, Unit unit) {
  switch (unit) {
    case Unit::kPercent:
      return {0.01, "", true};
    case Unit::kMebibytes:
      if (most >= 4 * kGibibyte) return {kGibibyte, "GiB", false};
      return most < 1 ? Shown{1.0 / 1024, "KiB", false} : Shown{1, "MiB", false};
    case Unit::kSeconds:
      if (most >= 3 * kDay) return {kDay, "days", false};
      if (most >= 3 * kHour) return {kHour, "h", false};
      if (most >= 5 * kMinute) return {kMinute, "min", false};
      if (most < 1) return {1e-3, "ms", false};
      return {1, "s", false};
    case Unit::kNumber:
      break;
  }
  return {1, "", false};
}

std::string label_of(double number, const Shown& shown) {
  if (std::abs(number) < 1e-12) number = 0;  // -0, and what is left of a sum
  const std::string text = std::abs(number) >= 10000 && std::abs(number) < 1e7
                               ? with_thousands(number)
                               : fmt::format("{:.6g}", number);
  return shown.percent ? text + " %" : text;
}

void add_ticks(Axis& axis, const Shown& shown, const AxisOptions& options) {
  const double low = axis.low / shown.factor;
  const double high = axis.high / shown.factor;
  double step = round_step((high - low) / (options.ticks + 1.5));
  if (options.whole) step = std::max(step, 1.0);
  for (double i = std::ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12) + step * 1e-9; ++i)
    axis.ticks.push_back({i * step * shown.factor, label_of(i * step, shown)});
}

// Powers of ten, with 2 and 5 times where these are few; every second, third, ... where they are many.
void add_logarithmic_ticks(Axis& axis, const Shown& shown, int about) {
  const double low = axis.low / shown.factor;
  const double high = axis.high / shown.factor;
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  const int decades = last - first;
  const int stride = std::max(1, decades / std::max(1, about));
  for (int power = first; power <= last; power += stride) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor > 1 && decades > 3) continue;
      const double value = factor * std::pow(10, power);
      if (value < low || value > high) continue;
      axis.ticks.push_back({value * shown.factor, label_of(value, shown)});
    }
  }
}

}  // namespace

double round_step(double least) {
  if (!(least > 0) || !std::isfinite(least)) return 1;
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string Axis::label(double value) const {
  const double shown = value / unit_value;
  if (percent) return fmt::format("{:.0f} %", shown);
  return std::abs(shown) >= 1000 ? with_thousands(shown) : fmt::format("{:.3g}", shown);
}

double Axis::place_of(double value) const {
  if (!logarithmic) return (value - low) / (high - low);
  return std::log(std::max(value, low * 1e-3) / low) / std::log(high / low);
}

Axis make_axis(double low, double high, const AxisOptions& options) {
  if (!std::isfinite(low) || !std::isfinite(high) || low > high) low = 0, high = 1;
  if (options.from_zero) low = std::min(low, 0.0), high = std::max(high, 0.0);
  Axis axis;
  axis.logarithmic =
      options.may_be_logarithmic && !options.from_zero && low > 0 && high / low > kLogarithmicFrom;
  if (axis.logarithmic) {
    const double more = std::pow(high / low, options.margin);
    axis.low = low / more;
    axis.high = high * more;
  } else {
    if (high - low <= 1e-9 * std::max(std::abs(low), std::abs(high))) {
      const double half = high == 0 ? 0.5 : std::abs(high) * 0.05;  // all values are one
      if (!options.from_zero) low -= half;
      high += half;
    }
    const double more = (high - low) * options.margin;
    axis.low = low - (options.from_zero && low == 0 ? 0 : more);
    axis.high = high + more;
  }
  const Shown shown = shown_unit(axis.high, options.unit);
  axis.unit = shown.unit;
  axis.unit_value = shown.factor;
  axis.percent = shown.percent;
  if (axis.logarithmic) {
    add_logarithmic_ticks(axis, shown, options.ticks);
  }
  if (axis.ticks.size() < 2) {
    axis.ticks.clear();
    add_ticks(axis, shown, options);
  }
  return axis;
}

}  // namespace interlock::report
