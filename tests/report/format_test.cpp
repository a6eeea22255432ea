// Numbers and names as a page shows them.

#include "report/format.h"

#include <cmath>

#include "report/table.h"
#include "report/thinning.h"
#include "support/catch.h"

namespace interlock::report {
namespace {

TEST_CASE("numbers are short and have their unit") {
  CHECK(format(0.92369, Unit::kNumber) == "0.9237");
  CHECK(format(1630.4, Unit::kNumber) == "1,630");
  CHECK(format(-1234567, Unit::kNumber) == "-1,234,567");
  CHECK(format(0.6235, Unit::kPercent) == "62.4 %");
  CHECK(format(0.048, Unit::kSeconds) == "48 ms");
  CHECK(format(12.34, Unit::kSeconds) == "12.3 s");
  CHECK(format(94, Unit::kSeconds) == "1m34s");
  CHECK(format(171.19, Unit::kMebibytes) == "171 MiB");
  CHECK(format(2048, Unit::kMebibytes) == "2 GiB");
  CHECK(format(0.5, Unit::kMebibytes) == "512 KiB");
  CHECK(format(NAN, Unit::kPercent) == "-");
  CHECK(format(INFINITY, Unit::kNumber) == "-");
  CHECK(with_thousands(999) == "999");
  CHECK(with_thousands(-0.2) == "0");
}

TEST_CASE("long names lose their middle, between characters") {
  CHECK(shorten("short", 10) == "short");
  CHECK(shorten("learning_rate=0.001", 9) == "lear….001");
  CHECK(shorten("ääääää", 5) == "ää…ää");
  CHECK(characters(shorten(std::string(200, 'x'), 18)) == 18);
}

TEST_CASE("thinning keeps the extremes and the ends") {
  std::vector<Point> points;
  for (int i = 0; i < 1000; ++i) {
    const double y = i == 437 ? 99 : i == 801 ? -7 : 1;
    points.push_back({static_cast<double>(i), y, y, y});
  }
  const std::vector<Point> few = thinned(points, 60);
  REQUIRE(few.size() == 60);
  double low = 1;
  double high = 1;
  double mean = 0;
  for (const Point& point : few) {
    low = std::min(low, point.low);
    high = std::max(high, point.high);
    mean += point.y / 60;
  }
  CHECK(low == -7);
  CHECK(high == 99);
  CHECK(mean == Approx((998 + 99 - 7) / 1000.0).epsilon(0.02));
  CHECK(few.back().x == 999);
  CHECK(few.front().x < 20);
}

TEST_CASE("few points stay as they are, without those that are no numbers") {
  const std::vector<Point> points = thinned({{1, 5, 5, 5}, {2, NAN, NAN, NAN}, {3, 7, 7, 7}}, 10);
  REQUIRE(points.size() == 2);
  CHECK(points[1].x == 3);
  CHECK(thinned({}, 10).empty());
}

TEST_CASE("the best is marked only where there is something to choose") {
  CHECK(best_of({1, 2, NAN}, true) == std::vector<bool>{true, false, false});
  CHECK(best_of({1, 2, NAN}, false) == std::vector<bool>{false, true, false});
  CHECK(best_of({2, 2}, true) == std::vector<bool>{false, false});
  CHECK(best_of({NAN, 2}, true) == std::vector<bool>{false, false});
}

}  // namespace
}  // namespace interlock::report
