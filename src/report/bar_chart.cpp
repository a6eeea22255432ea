#include "report/bar_chart.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/svg.h"

namespace interlock::report {
namespace {

constexpr double kHeight = 300;
constexpr double kTop = 34;
constexpr double kBottom = 40;
constexpr double kRight = 14;
constexpr double kWidestBar = 56;
constexpr double kBold = 1.15;  // wider than other text

double greatest(const BarChart& chart) {
  double most = -1;
  for (const Bars& bars : chart.bars) {
    for (const double value : bars.values) {
      if (std::isfinite(value)) most = std::max(most, value);
    }
  }
  return most;
}

}  // namespace

Figure draw(const BarChart& chart) {
  const double most = greatest(chart);
  if (most < 0 || chart.groups.empty()) return {};
  AxisOptions options = chart.y;
  options.from_zero = true;
  if (chart.y_high > 0) options.margin = 0;
  const Axis axis = make_axis(0, std::max(most, chart.y_high), options);
  double left = 30;
  for (const Tick& tick : axis.ticks) left = std::max(left, text_width(tick.label) + 12);
  const double width = figure_width(chart.wide);
  const double plot_width = width - left - kRight;
  const double plot_height = kHeight - kTop - kBottom;
  const double bottom = kTop + plot_height;
  const auto y_of = [&](double value) { return bottom - plot_height * axis.place_of(value); };

  std::string body;
  for (const Tick& tick : axis.ticks) {
    const double y = y_of(tick.value);
    body += svg_line(left, y, left + plot_width, y, "grid");
    body += svg_text(left - 7, y + 4, tick.label, "muted", Anchor::kEnd);
  }
  const auto groups = static_cast<double>(chart.groups.size());
  const auto count = static_cast<double>(chart.bars.size());
  const double group_width = plot_width / groups;
  const double bar_width = std::min(kWidestBar, group_width * 0.8 / count);
  double widest = 0;  // of the values above the bars
  for (const Bars& bars : chart.bars) {
    for (const double value : bars.values) {
      if (std::isfinite(value)) widest = std::max(widest, text_width(axis.label(value)));
    }
  }
  const bool with_values = kBold * widest + (count > 1 ? 0 : 8) <= (count > 1 ? bar_width : group_width);
  double widest_name = 0;
  for (const std::string& name : chart.groups) widest_name = std::max(widest_name, text_width(name) + 6);
  const auto stride =
      static_cast<std::size_t>(std::ceil(widest_name / group_width));  // every so many are named
  for (std::size_t g = 0; g < chart.groups.size(); g += stride) {
    const double middle = left + group_width * (static_cast<double>(g) + 0.5);
    body += svg_text(middle, bottom + 17, chart.groups[g], "muted", Anchor::kMiddle);
  }
  for (std::size_t b = 0; b < chart.bars.size(); ++b) {
    const Bars& bars = chart.bars[b];
    body += fmt::format("<g class=\"run{} {}\">\n", bars.run, bars.css);
    for (std::size_t g = 0; g < std::min(chart.groups.size(), bars.values.size()); ++g) {
      const double value = bars.values[g];
      if (!std::isfinite(value)) continue;
      const double middle = left + group_width * (static_cast<double>(g) + 0.5);
      const double x = middle + bar_width * (static_cast<double>(b) - count / 2);
      const double y = y_of(std::min(value, axis.high));
      const std::string shown = format(value, chart.y.unit);
      const std::string who = chart.bars.size() > 1 ? bars.name + ", " : "";
      body += svg_rect(x + bar_width * 0.04, y, bar_width * 0.92, bottom - y, "bar",
                       fmt::format("{}{} {}: {}", who, chart.x_title, chart.groups[g], shown));
      if (with_values)
        body += svg_text(x + bar_width / 2, y - 4, axis.label(value), "label", Anchor::kMiddle);
    }
    body += "</g>\n";
  }
  body += svg_line(left, bottom, left + plot_width, bottom, "axis");
  body += svg_text(
      2, 12, axis.unit.empty() ? chart.y_title : fmt::format("{} ({})", chart.y_title, axis.unit), "muted");
  body += svg_text(left + plot_width, bottom + 34, chart.x_title, "muted", Anchor::kEnd);

  Figure figure;
  figure.id = chart.id;
  figure.title = chart.title;
  figure.note = chart.note;
  figure.width = width;
  figure.wide = chart.wide;
  figure.height = kHeight;
  figure.body = std::move(body);
  return figure;
}

}  // namespace interlock::report
