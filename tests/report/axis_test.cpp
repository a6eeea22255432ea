// Axes: round ticks, and places between 0 and 1.

#include "report/axis.h"

#include <cmath>
#include <limits>

#include "support/catch.h"

namespace interlock::report {
namespace {

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> all;
  for (const Tick& tick : axis.ticks) all.push_back(tick.label);
  return all;
}

AxisOptions exact(Unit unit = Unit::kNumber) {
  AxisOptions options;
  options.unit = unit;
  options.margin = 0;
  return options;
}

using Labels = std::vector<std::string>;

TEST_CASE("steps are 1, 2 or 5 times a power of ten") {
  CHECK(round_step(0.9) == Approx(1));
  CHECK(round_step(1) == Approx(1));
  CHECK(round_step(1.1) == Approx(2));
  CHECK(round_step(0.021) == Approx(0.05));
  CHECK(round_step(510) == Approx(1000));
  CHECK(round_step(0) == 1);
  CHECK(round_step(std::numeric_limits<double>::infinity()) == 1);
}

TEST_CASE("ticks are round, inside and few, whatever the range") {
  for (const double low : {-3.7e6, -1.0, 0.0, 1e-9, 0.1, 2.5, 99.0, 1e12}) {
    for (const double length : {1e-7, 0.3, 1.0, 7.0, 86400.0, 3e8}) {
      const Axis axis = make_axis(low, low + length);
      REQUIRE(axis.ticks.size() >= 2);
      CHECK(axis.ticks.size() <= 12);
      for (const Tick& tick : axis.ticks) {
        CHECK(axis.place_of(tick.value) >= -1e-6);
        CHECK(axis.place_of(tick.value) <= 1 + 1e-6);
      }
    }
  }
}

TEST_CASE("labels say the unit that suits the length") {
  CHECK(labels(make_axis(0, 1, exact(Unit::kPercent))) ==
        Labels{"0 %", "20 %", "40 %", "60 %", "80 %", "100 %"});
  const Axis minutes = make_axis(0, 600, exact(Unit::kSeconds));
  CHECK(minutes.unit == "min");
  CHECK(labels(minutes) == Labels{"0", "2", "4", "6", "8", "10"});
  CHECK(make_axis(0, 0.05, exact(Unit::kSeconds)).unit == "ms");
  CHECK(make_axis(0, 50000, exact(Unit::kSeconds)).unit == "h");
  CHECK(make_axis(0, 10000, exact(Unit::kMebibytes)).unit == "GiB");
  CHECK(labels(make_axis(0, 60000, exact())).back() == "60,000");
}

TEST_CASE("a wide range is logarithmic where that is allowed") {
  AxisOptions options = exact();
  CHECK_FALSE(make_axis(0.01, 100, options).logarithmic);
  options.may_be_logarithmic = true;
  const Axis axis = make_axis(0.01, 100, options);
  REQUIRE(axis.logarithmic);
  CHECK(axis.place_of(1) == Approx(0.5));
  CHECK(labels(axis) == Labels{"0.01", "0.1", "1", "10", "100"});
  CHECK(make_axis(1e-30, 1e30, options).ticks.size() <= 12);
  CHECK_FALSE(make_axis(0, 100, options).logarithmic);
  CHECK_FALSE(make_axis(1, 10, options).logarithmic);
}

TEST_CASE("one value, no values and values that are none still make an axis") {
  for (const auto& [low, high] : {std::pair<double, double>{3, 3}, {0, 0}, {NAN, NAN}, {5, 1}, {-2, -2}}) {
    const Axis axis = make_axis(low, high);
    CHECK(axis.low < axis.high);
    CHECK(axis.ticks.size() >= 2);
  }
}

}  // namespace
}  // namespace interlock::report
