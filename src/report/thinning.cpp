#include "report/thinning.h"

#include <algorithm>
#include <cmath>

namespace interlock::report {

std::vector<Point> thinned(const std::vector<Point>& points, std::size_t most) {
  std::vector<Point> finite;
  for (const Point& point : points) {
    if (std::isfinite(point.y) && std::isfinite(point.x)) finite.push_back(point);
  }
  if (most == 0 || finite.size() <= most) return finite;
  std::vector<Point> kept;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t end = finite.size() * (i + 1) / most;
    Point one = finite[begin];
    double sum = 0;
    for (std::size_t j = begin; j < end; ++j) {
      sum += finite[j].y;
      one.low = std::min(one.low, finite[j].low);
      one.high = std::max(one.high, finite[j].high);
    }
    one.x = finite[end - 1].x;
    one.y = sum / static_cast<double>(end - begin);
    kept.push_back(one);
    begin = end;
  }
  return kept;
}

}  // namespace interlock::report
