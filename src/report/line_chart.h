#pragma once
// Curves over steps, epochs or time: a mean with the range around it, a label at its end.

#include <string>
#include <vector>

#include "report/axis.h"
#include "report/figure.h"
#include "report/thinning.h"

namespace interlock::report {

struct Series {
  std::string name;
  std::string css;            // run_class() or stage_class()
  int run = 0;                // the page's script shows and hides the runs
  std::vector<Point> points;  // x ascending
  bool band = false;          // from low to high
  bool dots = false;          // one a point
  std::vector<double> marks;  // x of events, drawn as ticks on the axis below
};

struct LineChart {
  std::string id, title, note;
  std::string x_title, y_title;
  AxisOptions x, y;
  std::vector<Series> series;
  double y_most = 0;  // higher values are cut off; 0: none are
  std::string marks;  // what marks are, in words
  bool wide = false;
};

// Without any point to show: a figure without width.
Figure draw(const LineChart& chart);

}  // namespace interlock::report
