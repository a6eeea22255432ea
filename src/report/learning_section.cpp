#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "report/progress.h"
#include "report/sections.h"
#include "report/table.h"

namespace interlock::report {
namespace {

constexpr std::size_t kMostBands = 4;  // more of them hide each other

// What evaluations are compared by.
struct Measure {
  std::string name;  // "evaluation accuracy"
  Unit unit = Unit::kNumber;
  bool lower_is_better = false;
  const runs::PerStage runs::Evaluation::*values = nullptr;
};

Measure measure_of(const Comparison& comparison) {
  if (comparison.all_text())
    return {"evaluation perplexity", Unit::kNumber, true, &runs::Evaluation::perplexity};
  if (comparison.any_accuracy())
    return {"evaluation accuracy", Unit::kPercent, false, &runs::Evaluation::accuracy};
  return {"evaluation loss", Unit::kNumber, true, &runs::Evaluation::loss};
}

std::string sentence_case(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

Series series_of(const Comparison& comparison, std::size_t r) {
  Series series;
  series.name = comparison.runs[r].name;
  series.css = run_class(static_cast<int>(r));
  series.run = static_cast<int>(r);
  return series;
}

Figure training_loss(const Comparison& comparison, const Progress& progress) {
  LineChart chart;
  chart.id = std::string("training-loss-") + progress.id();
  chart.title = std::string("Training loss by ") + progress.name();
  chart.note =
      comparison.runs.size() <= kMostBands ? "last stage; mean, and range of the steps" : "last stage";
  chart.y_title = "loss";
  chart.y.may_be_logarithmic = true;
  progress.describe(chart);
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const Run& run = comparison.runs[r];
    Series series = series_of(comparison, r);
    std::vector<Point> points;
    for (const runs::Step& step : run.metrics.steps) {
      const double loss = last_of(step.loss);
      points.push_back({progress.of(run, step.step), loss, loss, loss});
    }
    series.points = thinned(points, std::min<std::size_t>(90, points_for(comparison.runs.size())));
    series.band = comparison.runs.size() <= kMostBands && series.points.size() < points.size();
    chart.series.push_back(std::move(series));
  }
  return draw(chart);
}

Figure evaluations(const Comparison& comparison, const Measure& measure, const Progress& progress) {
  LineChart chart;
  chart.id = std::string("evaluation-") + progress.id();
  chart.title = fmt::format("{} by {}", sentence_case(measure.name), progress.name());
  chart.note = "last stage";
  chart.y_title = measure.name.substr(measure.name.rfind(' ') + 1);
  chart.y.unit = measure.unit;
  chart.y.may_be_logarithmic = measure.lower_is_better;
  progress.describe(chart);
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const Run& run = comparison.runs[r];
    Series series = series_of(comparison, r);
    std::vector<Point> points;
    for (const runs::Evaluation& evaluation : run.metrics.evaluations) {
      const double value = last_of(evaluation.*(measure.values));
      points.push_back({progress.of(run, evaluation.step), value, value, value});
    }
    series.points = thinned(points, points_for(comparison.runs.size()));
    series.dots = series.points.size() <= 40;
    chart.series.push_back(std::move(series));
  }
  return draw(chart);
}

// When a run first reached `target`: NaN if never.
double time_to(const Run& run, const Measure& measure, double target) {
  for (const runs::Evaluation& evaluation : run.metrics.evaluations) {
    const double value = last_of(evaluation.*(measure.values));
    if (measure.lower_is_better ? value <= target : value >= target) return run.seconds_at(evaluation.step);
  }
  return runs::kNone;
}

// Round numbers that at least one run reached and not all had from the start, the easiest first.
std::vector<double> targets(const Comparison& comparison, const Measure& measure) {
  constexpr std::size_t kMost = 6;
  double low = INFINITY;
  double high = -INFINITY;
  for (const Run& run : comparison.runs) {
    for (const runs::Evaluation& evaluation : run.metrics.evaluations) {
      const double value = last_of(evaluation.*(measure.values));
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (!(low < high)) return {};
  AxisOptions options;
  options.margin = 0;
  options.ticks = static_cast<int>(kMost);
  options.unit = measure.unit;
  options.may_be_logarithmic = measure.lower_is_better;
  std::vector<double> values;
  for (const Tick& tick : make_axis(low, high, options).ticks) values.push_back(tick.value);
  if (measure.lower_is_better) std::reverse(values.begin(), values.end());
  if (values.size() > kMost)
    values.erase(values.begin(), values.end() - kMost);  // the hardest are of interest
  return values;
}

std::string times_table(const Comparison& comparison, const Measure& measure) {
  const std::vector<double> all = targets(comparison, measure);
  if (all.empty()) return "";
  Table table;
  table.head.push_back({measure.name});
  for (std::size_t r = 0; r < comparison.runs.size(); ++r)
    table.head.push_back(
        {comparison.runs[r].name, false, run_class(static_cast<int>(r)), static_cast<int>(r)});
  for (const double target : all) {
    std::vector<double> times;
    for (const Run& run : comparison.runs) times.push_back(time_to(run, measure, target));
    const std::vector<bool> best = best_of(times, /*lower_is_better=*/true);
    std::string shown = format_number(measure.unit == Unit::kPercent ? 100 * target : target, 6);
    if (measure.unit == Unit::kPercent) shown += " %";
    std::vector<Cell> row{{shown}};
    for (std::size_t r = 0; r < times.size(); ++r)
      row.push_back({format(times[r], Unit::kSeconds), best[r], "", static_cast<int>(r)});
    table.rows.push_back(std::move(row));
  }
  return fmt::format(
      "<div class=\"card wide\"><h3>Training time to reach</h3>\n<p>At the first evaluation that was at "
      "least "
      "as good; - where none was.</p>\n{}</div>\n",
      to_html(table));
}

}  // namespace

Section learning_section(const Comparison& comparison) {
  Section section{"learning", "Learning", "", {}};
  section.intro =
      "Training time is the time of the training steps alone: evaluations, checkpoints and pauses do not "
      "count.";
  const Measure measure = measure_of(comparison);
  const Progress by_epoch = Progress::by_epoch(comparison);
  const Progress by_time = Progress::by_time();
  section.add(training_loss(comparison, by_epoch));
  section.add(training_loss(comparison, by_time));
  section.add(evaluations(comparison, measure, by_epoch));
  section.add(evaluations(comparison, measure, by_time));
  const std::string times = times_table(comparison, measure);
  if (!times.empty()) section.add_html(times);
  return section;
}

}  // namespace interlock::report
