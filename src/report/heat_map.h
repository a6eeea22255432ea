#pragma once
// Shares as colours: a row a stage, time to the right.

#include <string>
#include <vector>

#include "report/axis.h"
#include "report/figure.h"

namespace interlock::report {

struct HeatMap {
  std::string id, title, note;
  std::string x_title;
  Unit x_unit = Unit::kSeconds;
  double x_low = 0, x_high = 1;
  std::vector<std::vector<double>> rows;  // [stage][column], equally wide columns; not finite: no cell
  int run = 0;
  bool wide = false;
};

// Without any cell: a figure without width.
Figure draw(const HeatMap& map);

}  // namespace interlock::report
