// Drawings: well-formed, inside their frame, and with what they are to show.

#include <cmath>

#include "report/bar_chart.h"
#include "report/heat_map.h"
#include "report/line_chart.h"
#include "report_support.h"

namespace interlock::report {
namespace {

using Catch::Matchers::Contains;

constexpr const char* kEvil = "<script>\"&'</script>";

LineChart two_lines() {
  LineChart chart;
  chart.id = "test";
  chart.title = kEvil;
  chart.note = kEvil;
  chart.x_title = "step";
  chart.y_title = "loss";
  for (int r = 0; r < 2; ++r) {
    Series series;
    series.name = r == 0 ? kEvil : "other";
    series.css = run_class(r);
    series.run = r;
    series.band = series.dots = true;
    series.marks = {1};
    for (int i = 0; i < 5; ++i) series.points.push_back({i * 1.0, i + r * 0.01, i - 1.0, i + 1.0});
    chart.series.push_back(series);
  }
  chart.marks = "checkpoint";
  return chart;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST_CASE("a line chart has a path, a band, dots and a label for each series") {
  const Figure figure = draw(two_lines());
  CHECK(count(figure.body, "class=\"line\"") == 2);
  CHECK(count(figure.body, "class=\"band\"") == 2);
  CHECK(count(figure.body, "class=\"dot\"") == 10);
  CHECK(count(figure.body, "class=\"mark\"") == 2);
  CHECK(count(figure.body, "class=\"label\"") == 2);
  CHECK_THAT(figure.body, Contains("data-points=\"0,0 1,1 2,2 3,3 4,4\""));
}

TEST_CASE("drawings are well-formed whatever names are") {
  const Figure lines = draw(two_lines());
  CHECK(markup_problem(lines.in_page()) == "");
  CHECK(markup_problem(lines.standalone()) == "");
  CHECK(lines.in_page().find("<script") == std::string::npos);

  BarChart bars;
  bars.id = "bars";
  bars.title = bars.x_title = bars.y_title = kEvil;
  bars.groups = {"0", kEvil};
  bars.bars = {{kEvil, run_class(0), 0, {1, NAN}}, {"b", run_class(9), 1, {2, 3}}};
  const Figure drawn = draw(bars);
  CHECK(markup_problem(drawn.in_page()) == "");
  CHECK(markup_problem(drawn.standalone()) == "");
  CHECK(count(drawn.body, "class=\"bar\"") == 3);

  HeatMap map;
  map.id = "map";
  map.title = map.x_title = kEvil;
  map.rows = {{0, 0.5, 1}, {NAN, 0.2, 2}};
  CHECK(markup_problem(draw(map).in_page()) == "");
  CHECK(markup_problem(draw(map).standalone()) == "");
}

TEST_CASE("labels of curves that end together do not lie on each other") {
  const Figure figure = draw(two_lines());
  std::vector<double> heights;
  for (std::size_t at = figure.body.find("class=\"label\""); at != std::string::npos;
       at = figure.body.find("class=\"label\"", at + 1)) {
    const std::size_t y = figure.body.find("y=\"", at);
    heights.push_back(std::stod(figure.body.substr(y + 3)));
  }
  REQUIRE(heights.size() == 2);
  CHECK(std::abs(heights[0] - heights[1]) >= 13);
}

TEST_CASE("nothing to show is no figure") {
  CHECK(draw(LineChart{}).width == 0);
  CHECK(draw(BarChart{}).width == 0);
  CHECK(draw(HeatMap{}).width == 0);
  LineChart chart = two_lines();
  for (Series& series : chart.series) series.points = {{0, NAN, NAN, NAN}};
  CHECK(draw(chart).width == 0);
}

TEST_CASE("values above the cut are drawn at the edge, not above the figure") {
  LineChart chart = two_lines();
  chart.series[0].points[2] = {2, 1000, 1000, 1000};
  chart.y_most = 5;
  const Figure figure = draw(chart);
  CHECK(figure.body.find(",-") == std::string::npos);
  CHECK_THAT(figure.attributes, Contains("data-y=\"") && !Contains("1000"));
}

TEST_CASE("every run has a look of its own, for many runs") {
  std::vector<std::string> looks;
  for (int r = 0; r < 3 * kRunColours; ++r) {
    CHECK(std::find(looks.begin(), looks.end(), run_class(r)) == looks.end());
    looks.push_back(run_class(r));
  }
  CHECK(stage_class(0, 1) == "t15");
  CHECK(stage_class(0, 32) == "t0");
  CHECK(stage_class(31, 32) == "t15");
  CHECK(share_class(-1) == "h0");
  CHECK(share_class(1) == "h9");
}

}  // namespace
}  // namespace interlock::report
