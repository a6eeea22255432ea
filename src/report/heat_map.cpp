#include "report/heat_map.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "report/svg.h"

namespace interlock::report {
namespace {

constexpr double kMapLeft = 58;
constexpr double kMapRight = 14;
constexpr double kMapTop = 26;
constexpr double kMapBottom = 40;
constexpr double kMapLeastTextRow = 12;

// Idle to busy, above the map at its right.
std::string scale(double width) {
  constexpr double kCell = 14;
  double x = width - kMapRight - kCell * kShareColours - 34;
  std::string svg = svg_text(x - 6, 12, "busy 0 %", "muted", Anchor::kEnd);
  for (int i = 0; i < kShareColours; ++i, x += kCell)
    svg += fmt::format("<g class=\"h{}\">{}</g>", i, svg_rect(x, 3, kCell, 10, "cell"));
  return svg + svg_text(x + 5, 12, "100 %", "muted");
}

}  // namespace

Figure draw(const HeatMap& map) {
  if (map.rows.empty() || map.rows.front().empty()) return {};
  const auto rows = static_cast<double>(map.rows.size());
  const double row_height = std::clamp(240 / rows, 6.0, map.wide ? 26.0 : 34.0);
  const double width = figure_width(map.wide);
  const double plot_width = width - kMapLeft - kMapRight;
  const double bottom = kMapTop + rows * row_height;
  std::string body = scale(width);

  // One path for each colour: a cell takes twenty bytes instead of a hundred.
  std::array<std::string, kShareColours> cells;
  double labelled = 0;
  for (std::size_t r = 0; r < map.rows.size(); ++r) {
    const double y = kMapTop + static_cast<double>(r) * row_height;
    const double middle = y + row_height / 2 + 4;
    if (middle - labelled >= kMapLeastTextRow) {
      body += svg_text(kMapLeft - 8, middle, fmt::format("stage {}", r), "muted", Anchor::kEnd);
      labelled = middle;
    }
    const auto columns = static_cast<double>(map.rows[r].size());
    for (std::size_t c = 0; c < map.rows[r].size(); ++c) {
      const double share = map.rows[r][c];
      if (!std::isfinite(share)) continue;
      const double x = kMapLeft + plot_width * static_cast<double>(c) / columns;
      const double end = kMapLeft + plot_width * static_cast<double>(c + 1) / columns;
      const auto level =
          static_cast<std::size_t>(std::clamp(static_cast<int>(share * kShareColours), 0, kShareColours - 1));
      const double cell = std::round(end * 10) / 10 - std::round(x * 10) / 10;
      cells[level] += fmt::format("M{},{}h{}v{}h-{}z", number(x), number(y), number(cell),
                                  number(row_height - 1), number(cell));
    }
  }
  body += fmt::format("<g class=\"run{}\" shape-rendering=\"crispEdges\">\n", map.run);
  for (std::size_t level = 0; level < cells.size(); ++level) {
    if (!cells[level].empty())
      body += fmt::format("<g class=\"h{}\"><path class=\"cell\" d=\"{}\"/></g>\n", level, cells[level]);
  }
  body += "</g>\n";

  AxisOptions options;
  options.unit = map.x_unit;
  options.margin = 0;
  const Axis axis = make_axis(map.x_low, map.x_high, options);
  for (const Tick& tick : axis.ticks) {
    const double x = kMapLeft + plot_width * axis.place_of(tick.value);
    body += svg_line(x, bottom, x, bottom + 4, "axis");
    body += svg_text(x, bottom + 17, tick.label, "muted", Anchor::kMiddle);
  }
  const std::string title = axis.unit.empty() ? map.x_title : fmt::format("{} ({})", map.x_title, axis.unit);
  body += svg_text(kMapLeft + plot_width, bottom + 34, title, "muted", Anchor::kEnd);

  Figure figure;
  figure.id = map.id;
  figure.title = map.title;
  figure.note = map.note;
  figure.width = width;
  figure.wide = map.wide;
  figure.height = bottom + kMapBottom;
  figure.body = std::move(body);
  return figure;
}

}  // namespace interlock::report
