#include "report/table.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/text.h"

namespace interlock::report {
namespace {

std::string row_html(const std::vector<Cell>& cells, const char* tag) {
  std::string html = "<tr>";
  for (const Cell& cell : cells) {
    std::string css = cell.best ? "best" : "";
    if (cell.run >= 0) css += fmt::format("{}run{}", css.empty() ? "" : " ", cell.run);
    const std::string swatch = cell.css.empty() ? "" : fmt::format("<i class=\"swatch {}\"></i>", cell.css);
    html += fmt::format("<{0}{1}>{2}{3}</{0}>", tag, css.empty() ? "" : " class=\"" + css + "\"", swatch,
                        escape_markup(cell.text));
  }
  return html + "</tr>\n";
}

}  // namespace

std::string to_html(const Table& table) {
  std::string html = fmt::format("<div class=\"scroll\"><table{}>\n<thead>{}</thead>\n<tbody>\n",
                                 table.numbers ? " class=\"numbers\"" : "", row_html(table.head, "th"));
  for (const std::vector<Cell>& row : table.rows) html += row_html(row, "td");
  return html + "</tbody></table></div>\n";
}

std::vector<bool> best_of(const std::vector<double>& values, bool lower_is_better) {
  std::vector<bool> best(values.size(), false);
  double low = INFINITY;
  double high = -INFINITY;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (!(low < high)) return best;
  for (std::size_t i = 0; i < values.size(); ++i) best[i] = values[i] == (lower_is_better ? low : high);
  return best;
}

}  // namespace interlock::report
