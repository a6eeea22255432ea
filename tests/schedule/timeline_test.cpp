#include "schedule/timeline.h"

#include <algorithm>
#include <sstream>

#include "schedule/planner.h"
#include "schedule_support.h"
#include "support/catch.h"

namespace interlock::schedule {
namespace {

using Catch::Matchers::Contains;

Simulation simulated(const GradientRule& rule, const Schedule& schedule, const Costs& costs) {
  return simulate(rule, schedule, costs, {true, 0});
}

Simulation planned(int stages, int horizon, int micro_batches) {
  const GradientRule rule = make_rule(stages, horizon);
  const Costs costs = equal_costs(stages);
  return simulated(rule, make_plan(rule, costs, {micro_batches}).schedule, costs);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The letters between the bars of a stage's line.
std::string letters(const std::string& line) {
  const std::size_t first = line.find('|');
  return line.substr(first + 1, line.rfind('|') - first - 1);
}

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

TEST_CASE("letters are as long as actions, a capital where one begins, and points are waiting") {
  // 1F1B end to end, K = 2, M = 1, F = 1, B = 2: stage 0 waits for 3 of 6 units while stage 1 works, and turn
  // about.
  const GradientRule rule = make_rule(2, 2);
  const Simulation simulation = simulated(rule, one_f_one_b_schedule(rule, 1), equal_costs(2));
  TimelineOptions options;
  options.width = static_cast<int>(std::string("stage 0 ||").size()) + 60;
  const std::vector<std::string> lines = lines_of(timeline_text(simulation, options));
  REQUIRE(lines.size() == 3);
  CHECK(letters(lines[0]) == "Ffffffffff" + std::string(30, '.') + "Wwwwwwwwwwwwwwwwwwww");
  CHECK(letters(lines[1]) == std::string(10, '.') + "FfffffffffBbbbbbbbbbbbbbbbbbbb" + std::string(20, '.'));
}

TEST_CASE("no line of a timeline is wider than the terminal") {
  for (const int stages : {1, 4, 12, 100}) {
    const Simulation simulation = planned(stages, 1, 3);
    for (const int width : {40, 80, 100, 211}) {
      TimelineOptions options;
      options.width = width;
      for (const std::string& line : lines_of(timeline_text(simulation, options))) {
        INFO("K=" << stages << " width " << width << ": " << line);
        CHECK(static_cast<int>(line.size()) <= width);
        if (line.find('|') != std::string::npos) CHECK(static_cast<int>(line.size()) == width);
      }
    }
  }
}

TEST_CASE("a schedule without a bubble has no waiting in the picture of its busiest stages") {
  const std::vector<std::string> lines = lines_of(timeline_text(planned(8, 2, 4)));
  REQUIRE(lines.size() == 9);
  for (std::size_t stage = 1; stage < 7; ++stage) CHECK(letters(lines[stage]).find('.') == std::string::npos);
}

TEST_CASE("of too many stages the first and last are shown and the others counted") {
  CHECK(shown_stages(3, 40) == std::vector<int>{0, 1, 2});
  CHECK(shown_stages(6, 5) == std::vector<int>{0, 1, -1, 4, 5});
  for (const int stages : {2, 40, 41, 1024}) {
    for (const int most : {3, 4, 40}) {
      const std::vector<int> shown = shown_stages(stages, most);
      INFO(stages << " stages, " << most << " lines");
      CHECK(static_cast<int>(shown.size()) == std::min(stages, most));
      CHECK(shown.front() == 0);
      CHECK(shown.back() == stages - 1);
    }
  }
  TimelineOptions options;
  options.most_stages = 5;
  const std::string text = timeline_text(planned(20, 1, 2), options);
  CHECK_THAT(text, Contains("... 16 more stages ..."));
  CHECK_THAT(text, Contains("stage  1 |") && Contains("stage 18 |") && !Contains("stage  2 |"));
  CHECK_THAT(timeline_svg(planned(20, 1, 2), options), Contains("... 16 more") && !Contains(">stage 2<"));
}

TEST_CASE("the window lies where every stage is at work") {
  for (const int stages : {1, 4, 32}) {
    for (const int horizon : {1, 2, stages}) {
      if (horizon > stages) continue;
      const Simulation simulation = planned(stages, horizon, 4);
      const TimeWindow window = steady_window(simulation, 2);
      INFO("K=" << stages << " N=" << horizon);
      CHECK(window.end - window.begin == Approx(2 * simulation.step_seconds));
      for (const std::vector<Span>& spans : simulation.timeline) {
        CHECK(spans.front().start < window.begin);
        CHECK(spans.back().end >= window.end);
      }
    }
  }
}

TEST_CASE("times are shown in the unit asked for") {
  TimelineOptions options;
  options.per_second = 1;
  options.unit = "F";
  CHECK_THAT(timeline_text(planned(4, 1, 3), options), Contains("one step: 9 F"));
  CHECK_THAT(timeline_svg(planned(4, 1, 3), options), Contains("time in F"));
  CHECK_THAT(timeline_text(planned(4, 1, 3)), Contains("one step: 9000 ms"));
}

TEST_CASE("the drawing has a bar for every action of its steps, labels, axis, legend, title and no script") {
  TimelineOptions options;
  options.title = "a < b & \"c\"";
  const Simulation simulation = planned(3, 2, 4);
  const std::string svg = timeline_svg(simulation, options);
  const TimeWindow window = steady_window(simulation, 2);
  int bars = 0;
  for (const std::vector<Span>& spans : simulation.timeline) {
    for (const Span& span : spans) {
      if (span.end > window.begin && span.start < window.end && span.end > span.start) ++bars;
    }
  }
  CHECK(bars >= 2 * 3 * 8);
  CHECK(count_of(svg, "<title>") == bars);
  CHECK(count_of(svg, "<title>W") >= 2 * 3 * 4);
  for (const char* part :
       {">stage 0<", ">stage 2<", "F forward", "W weight gradient", "time in ms", "a &lt; b &amp; "}) {
    CHECK_THAT(svg, Contains(part));
  }
  CHECK_THAT(svg, Catch::Matchers::StartsWith("<svg ") && Catch::Matchers::EndsWith("</svg>\n"));
  CHECK_THAT(svg, !Contains("script") && !Contains("nan") && !Contains("inf"));
  CHECK(count_of(svg, "<rect") == count_of(svg, "</rect>") + count_of(svg, "/>\n") - count_of(svg, "<line"));
}

TEST_CASE("actions that take no time leave no bar and no letter") {
  Costs costs = equal_costs(1);
  costs.stages[0] = {1, 0, 0, 1, 1, 0};
  const GradientRule rule = make_rule(1, 1);
  const Simulation simulation = simulated(rule, gpipe_schedule(rule, 2), costs);
  const std::string all = letters(lines_of(timeline_text(simulation)).front());
  CHECK_THAT(all, !Contains("L") && !Contains("U") && !Contains("."));
  CHECK_THAT(timeline_svg(simulation), !Contains("<title>L") && !Contains("<title>U"));
}

TEST_CASE("a picture of many actions is cut short where that is asked for, and says so") {
  const Simulation simulation = planned(4, 1, 16);
  TimelineOptions options;
  CHECK_THAT(timeline_svg(simulation, options), Contains("; 2 steps<"));
  options.most_actions = 10;
  const std::string svg = timeline_svg(simulation, options);
  CHECK_THAT(svg, Contains("% of 2 steps<"));
  std::size_t bars = 0;
  for (std::size_t at = svg.find("<title>"); at != std::string::npos; at = svg.find("<title>", at + 1))
    ++bars;
  CHECK(bars <= 4 * 10);
  CHECK(bars >= 4 * 5);
  options.most_actions = 100000;
  CHECK_THAT(timeline_svg(simulation, options), Contains("; 2 steps<"));
}

}  // namespace
}  // namespace interlock::schedule
