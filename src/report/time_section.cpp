#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/bar_chart.h"
#include "report/heat_map.h"
#include "report/progress.h"
#include "report/sections.h"

namespace interlock::report {
namespace {

constexpr std::size_t kMostMaps = 8;

Figure busy_by_stage(const Comparison& comparison) {
  BarChart chart;
  chart.id = "busy";
  chart.title = "Busy share of each stage";
  chart.note = "mean over training time; the rest is waiting";
  chart.x_title = "stage";
  chart.y_title = "busy";
  chart.y.unit = Unit::kPercent;
  chart.y_high = 1;
  for (int k = 0; k < comparison.most_stages(); ++k) chart.groups.push_back(std::to_string(k));
  for (std::size_t r = 0; r < comparison.runs.size(); ++r)
    chart.bars.push_back({comparison.runs[r].name, run_class(static_cast<int>(r)), static_cast<int>(r),
                          comparison.summaries[r].busy});
  return draw(chart);
}

// Training time at which checkpoints were ordered.
std::vector<double> checkpoints_of(const Run& run) {
  constexpr std::size_t kMost = 60;
  std::vector<double> times;
  for (const runs::Event& event : run.metrics.events) {
    if (event.event == "checkpoint") times.push_back(run.seconds_at(event.step));
  }
  return times.size() > kMost ? std::vector<double>{} : times;
}

Figure step_times(const Comparison& comparison) {
  constexpr double kCutOff = 3;  // times the slowest of the typical steps
  LineChart chart;
  chart.id = "step-time";
  chart.title = "Time of a step";
  chart.y_title = "step";
  chart.y.unit = Unit::kSeconds;
  chart.y.from_zero = true;
  Progress::by_time().describe(chart);
  double typical = 0;
  double most = 0;
  bool marks = false;
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const Run& run = comparison.runs[r];
    Series series;
    series.name = run.name;
    series.css = run_class(static_cast<int>(r));
    series.run = static_cast<int>(r);
    std::vector<Point> points;
    for (std::size_t i = 0; i < run.metrics.steps.size(); ++i) {
      const double seconds = run.metrics.steps[i].step_seconds;
      if (run.starts_attempt(i) && run.metrics.steps.size() > 2)
        continue;  // the start of the program is in it
      points.push_back({run.seconds[i], seconds, seconds, seconds});
    }
    series.points = thinned(points, std::min<std::size_t>(90, points_for(comparison.runs.size())));
    series.band = comparison.runs.size() <= 3 && series.points.size() < points.size();
    series.marks = checkpoints_of(run);
    marks = marks || !series.marks.empty();
    std::vector<double> means;
    for (const Point& point : series.points) {
      means.push_back(point.y);
      most = std::max(most, point.high);
    }
    std::sort(means.begin(), means.end());
    if (!means.empty()) typical = std::max(typical, means[means.size() * 9 / 10]);
    chart.series.push_back(std::move(series));
  }
  chart.note = "without the first after a start";
  if (marks) {
    chart.marks = "checkpoint";
    chart.note += "; ticks on the axis are checkpoints";
  }
  if (most > kCutOff * typical) {
    chart.y_most = kCutOff * typical;
    chart.note += fmt::format("; up to {}, cut off", format(most, Unit::kSeconds));
  }
  return draw(chart);
}

Figure busy_over_time(const Comparison& comparison, std::size_t r) {
  const Run& run = comparison.runs[r];
  const std::size_t maps = std::min(kMostMaps, comparison.runs.size());
  const std::size_t most = std::clamp<std::size_t>(6000 / (static_cast<std::size_t>(run.stages) * maps), 24,
                                                   maps % 2 == 1 ? 240 : 120);
  const std::size_t columns = std::min(most, run.metrics.steps.size());
  HeatMap map;
  map.id = fmt::format("busy-{}", r);
  map.title = comparison.single() ? "Busy share over time" : run.name + ": busy share over time";
  map.x_title = "training time";
  map.x_high = run.seconds.back();
  map.run = static_cast<int>(r);
  map.wide = maps % 2 == 1;
  if (!(map.x_high > 0)) return {};
  std::vector<std::vector<double>> busy(static_cast<std::size_t>(run.stages),
                                        std::vector<double>(columns, 0));
  std::vector<double> length(columns, 0);
  double begin = 0;
  for (std::size_t i = 0; i < run.metrics.steps.size(); ++i) {
    const runs::Step& step = run.metrics.steps[i];
    const double end = run.seconds[i];
    // A step's share counts in every column that it reaches into, as long as it lies there.
    const double scale = static_cast<double>(columns) / map.x_high;
    const auto first = static_cast<std::size_t>(begin * scale);
    for (std::size_t c = first; c < columns && static_cast<double>(c) < end * scale; ++c) {
      const double from = std::max(begin, static_cast<double>(c) / scale);
      const double to = std::min(end, static_cast<double>(c + 1) / scale);
      if (!(to > from)) continue;
      length[c] += to - from;
      for (std::size_t k = 0; k < std::min(busy.size(), step.busy_fraction.size()); ++k)
        busy[k][c] += step.busy_fraction[k] * (to - from);
    }
    begin = end;
  }
  for (std::vector<double>& row : busy) {
    for (std::size_t c = 0; c < columns; ++c) row[c] = length[c] > 0 ? row[c] / length[c] : runs::kNone;
  }
  map.rows = std::move(busy);
  return draw(map);
}

}  // namespace

Section time_section(const Comparison& comparison) {
  Section section{"time", "Where the time goes", "", {}};
  section.intro =
      "A stage is busy while it computes, and waits for a message otherwise. Where stages wait much, look at "
      "the "
      "cut (<code>partition.balance</code>), at more micro-batches or at a shorter horizon.";
  section.add(busy_by_stage(comparison));
  section.add(step_times(comparison));
  for (std::size_t r = 0; r < std::min(kMostMaps, comparison.runs.size()); ++r)
    section.add(busy_over_time(comparison, r));
  return section;
}

Section memory_section(const Comparison& comparison) {
  Section section{"memory", "Memory by stage", "", {}};
  BarChart peak;
  peak.id = "memory";
  peak.title = "Peak memory";
  peak.note = "of the stage's process, or of its GPU";
  peak.x_title = "stage";
  peak.y_title = "memory";
  peak.y.unit = Unit::kMebibytes;
  for (int k = 0; k < comparison.most_stages(); ++k) peak.groups.push_back(std::to_string(k));
  BarChart activations = peak;
  activations.id = "activations";
  activations.title = "Activations";
  activations.note = "kept for the backward pass, at the worst moment";
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const Summary& summary = comparison.summaries[r];
    const std::string css = run_class(static_cast<int>(r));
    peak.bars.push_back({comparison.runs[r].name, css, static_cast<int>(r), summary.memory_mebibytes});
    activations.bars.push_back(
        {comparison.runs[r].name, css, static_cast<int>(r), summary.activation_mebibytes});
  }
  section.add(draw(peak));
  section.add(draw(activations));
  return section;
}

}  // namespace interlock::report
