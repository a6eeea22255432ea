#pragma once
// Bars side by side: one group a stage, one bar a run.

#include <string>
#include <vector>

#include "report/axis.h"
#include "report/figure.h"

namespace interlock::report {

struct Bars {
  std::string name;
  std::string css;
  int run = 0;
  std::vector<double> values;  // one a group; not finite: no bar
};

struct BarChart {
  std::string id, title, note;
  std::string x_title, y_title;
  AxisOptions y;  // from zero, always
  std::vector<std::string> groups;
  std::vector<Bars> bars;
  bool wide = false;
  double y_high = 0;  // what the axis reaches at least: 1 for shares
};

// Without any value to show: a figure without width.
Figure draw(const BarChart& chart);

}  // namespace interlock::report
