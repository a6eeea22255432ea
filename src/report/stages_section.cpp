#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/bar_chart.h"
#include "report/progress.h"
#include "report/sections.h"

namespace interlock::report {
namespace {

constexpr std::size_t kMostCharted = 6;  // that get charts of their own

bool has_heads(const Run& run) {
  const auto values = [](const runs::PerStage& losses) {
    return std::count_if(losses.begin(), losses.end(), [](double loss) { return std::isfinite(loss); });
  };
  const auto& steps = run.metrics.steps;
  return std::any_of(steps.begin(), steps.end(),
                     [&](const runs::Step& step) { return values(step.loss) > 1; });
}

std::vector<std::string> stage_names(int stages) {
  std::vector<std::string> names;
  for (int k = 0; k < stages; ++k) names.push_back(std::to_string(k));
  return names;
}

Figure final_by_stage(const Comparison& comparison) {
  const bool text = comparison.all_text();
  const bool accuracy = comparison.any_accuracy() && !text;
  BarChart chart;
  chart.id = "heads";
  chart.wide = true;
  chart.title = text       ? "Perplexity when leaving the network at a stage"
                : accuracy ? "Accuracy when leaving the network at a stage"
                           : "Loss when leaving the network at a stage";
  chart.note = "last evaluation; the last stage is the whole network, a stage without a bar has no head";
  chart.x_title = "stage";
  chart.y_title = text ? "perplexity" : accuracy ? "accuracy" : "loss";
  chart.y.unit = accuracy ? Unit::kPercent : Unit::kNumber;
  chart.groups = stage_names(comparison.most_stages());
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const Run& run = comparison.runs[r];
    if (run.metrics.evaluations.empty()) continue;
    const runs::Evaluation& last = run.metrics.evaluations.back();
    chart.bars.push_back({run.name, run_class(static_cast<int>(r)), static_cast<int>(r),
                          text       ? last.perplexity
                          : accuracy ? last.accuracy
                                     : last.loss});
  }
  return draw(chart);
}

// One curve a stage that has a loss; `values` is where an entry has them.
template <class Entry>
Figure by_stage(const Comparison& comparison, std::size_t r, const std::vector<Entry>& entries,
                const runs::PerStage Entry::*values, LineChart chart) {
  const Run& run = comparison.runs[r];
  const std::size_t curves =
      static_cast<std::size_t>(run.stages) * std::min(kMostCharted, comparison.runs.size());
  const Progress progress = Progress::by_epoch(comparison);
  progress.describe(chart);
  chart.y.may_be_logarithmic = chart.y.unit == Unit::kNumber;
  for (int k = 0; k < run.stages; ++k) {
    Series series;
    series.name = fmt::format("stage {}", k);
    series.run = static_cast<int>(r);
    std::vector<Point> points;
    for (const Entry& entry : entries) {
      const runs::PerStage& of_stages = entry.*values;
      if (static_cast<std::size_t>(k) >= of_stages.size()) continue;
      const double value = of_stages[static_cast<std::size_t>(k)];
      points.push_back({progress.of(run, entry.step), value, value, value});
    }
    series.points = thinned(points, std::min<std::size_t>(80, points_for(curves)));
    series.dots = series.points.size() <= 12 && run.stages <= 8;
    if (!series.points.empty()) chart.series.push_back(std::move(series));
  }
  for (std::size_t i = 0; i < chart.series.size(); ++i)
    chart.series[i].css = stage_class(static_cast<int>(i), static_cast<int>(chart.series.size()));
  return draw(chart);
}

LineChart chart_for(const Run& run, std::size_t r, bool single, const char* id, const char* what) {
  LineChart chart;
  chart.id = fmt::format("{}-{}", id, r);
  chart.title =
      single ? fmt::format("{} of each stage", what) : fmt::format("{}: {} of each stage", run.name, what);
  if (single) chart.title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(chart.title[0])));
  return chart;
}

}  // namespace

Section stages_section(const Comparison& comparison) {
  Section section{"stages", "Stage by stage", "", {}};
  const bool any = std::any_of(comparison.runs.begin(), comparison.runs.end(), has_heads);
  if (!any) return section;
  section.intro =
      "Every stage that has a head of its own makes predictions too: this is what leaving the network there "
      "would give. Stages without a head (a horizon of all) have none.";
  section.add(final_by_stage(comparison));
  std::size_t drawn = 0;
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const Run& run = comparison.runs[r];
    if (!has_heads(run) || drawn++ >= kMostCharted) continue;
    LineChart loss = chart_for(run, r, comparison.single(), "stage-loss", "training loss");
    loss.y_title = "loss";
    section.add(by_stage(comparison, r, run.metrics.steps, &runs::Step::loss, loss));
    if (run.text()) {
      LineChart chart = chart_for(run, r, comparison.single(), "stage-perplexity", "evaluation perplexity");
      chart.y_title = "perplexity";
      section.add(by_stage(comparison, r, run.metrics.evaluations, &runs::Evaluation::perplexity, chart));
    } else if (run.classification()) {
      LineChart chart = chart_for(run, r, comparison.single(), "stage-accuracy", "evaluation accuracy");
      chart.y_title = "accuracy";
      chart.y.unit = Unit::kPercent;
      section.add(by_stage(comparison, r, run.metrics.evaluations, &runs::Evaluation::accuracy, chart));
    } else {
      LineChart chart = chart_for(run, r, comparison.single(), "stage-evaluation", "evaluation loss");
      chart.y_title = "loss";
      section.add(by_stage(comparison, r, run.metrics.evaluations, &runs::Evaluation::loss, chart));
    }
  }
  return section;
}

}  // namespace interlock::report
