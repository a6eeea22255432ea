#pragma once
// Fewer points than steps: what a curve of so many pixels can show.

#include <vector>

namespace interlock::report {

struct Point {
  double x = 0;
  double y = 0;    // the mean, where several points were made one
  double low = 0;  // the least and the greatest of them
  double high = 0;
};

// Neighbours are made one, so that at most `most` are left; the extremes of each stay in low and high. x is
// that of the last of them, so that a curve ends where it ended. Points whose y is not finite are passed
// over.
std::vector<Point> thinned(const std::vector<Point>& points, std::size_t most);

}  // namespace interlock::report
