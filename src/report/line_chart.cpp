#include "report/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "common/text.h"
#include "report/svg.h"

namespace interlock::report {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kPlotHeight = 300;
constexpr double kPlotTop = 34;  // the title of the y axis
constexpr double kPlotBottom = 40;
constexpr double kPlotLineHeight = 14;
constexpr double kPlotBold = 1.15;  // wider than other text
constexpr std::size_t kLongestLabel = 18;
constexpr std::size_t kMostLabels = 12;

struct Range {
  double low = kInfinity, high = -kInfinity;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

class Plot {
 public:
  Plot(const LineChart& chart, const Range& x, const Range& y)
      : chart_(chart),
        x_(make_axis(x.low, x.high, chart.x)),
        y_(make_axis(y.low, chart.y_most > 0 ? std::min(y.high, chart.y_most) : y.high, chart.y)),
        width_(figure_width(chart.wide)) {
    for (const Tick& tick : y_.ticks) left_ = std::max(left_, text_width(tick.label) + 12);
    if (chart.series.size() > 1) {
      for (const Series& series : chart.series)
        right_ = std::max(right_, text_width(shorten(series.name, kLongestLabel)) + 22);
    }
  }

  Figure draw() {
    grid();
    const std::string clip = "clip-" + chart_.id;
    body_ += fmt::format(
        "<clipPath id=\"{}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>\n", clip,
        number(left_), number(kPlotTop - 3), number(plot_width() + 4), number(plot_height() + 3));
    for (const Series& series : chart_.series) curve(series, clip);
    labels();
    Figure figure;
    figure.id = chart_.id;
    figure.title = chart_.title;
    figure.note = chart_.note;
    figure.width = width_;
    figure.height = kPlotHeight;
    figure.wide = chart_.wide;
    figure.body = std::move(body_);
    figure.attributes = fmt::format(
        " data-plot=\"{} {} {} {}\" data-x=\"{:.6g} {:.6g} {}\" data-y=\"{:.6g} {:.6g} {}\" "
        "data-units=\"{} {}\" data-name=\"{}\"",
        number(left_), number(kPlotTop), number(plot_width()), number(plot_height()), x_.low, x_.high,
        x_.logarithmic ? 1 : 0, y_.low, y_.high, y_.logarithmic ? 1 : 0, static_cast<int>(chart_.x.unit),
        static_cast<int>(chart_.y.unit), escape_markup(chart_.x_title));
    figure.alternative = in_words();
    return figure;
  }

 private:
  [[nodiscard]] double plot_width() const { return width_ - left_ - right_; }
  [[nodiscard]] double plot_height() const { return kPlotHeight - kPlotTop - kPlotBottom; }
  [[nodiscard]] double x_of(double value) const { return left_ + plot_width() * x_.place_of(value); }
  [[nodiscard]] double y_of(double value) const {
    const double place = std::clamp(y_.place_of(value), -0.1, 1.1);
    return kPlotTop + plot_height() * (1 - place);
  }

  static std::string with_unit(const std::string& title, const Axis& axis) {
    return axis.unit.empty() ? title : fmt::format("{} ({})", title, axis.unit);
  }

  void grid() {
    const double bottom = kPlotTop + plot_height();
    for (const Tick& tick : y_.ticks) {
      const double y = y_of(tick.value);
      body_ += svg_line(left_, y, left_ + plot_width(), y, "grid");
      body_ += svg_text(left_ - 7, y + 4, tick.label, "muted", Anchor::kEnd);
    }
    for (const Tick& tick : x_.ticks) {
      const double x = x_of(tick.value);
      body_ += svg_line(x, bottom, x, bottom + 4, "axis");
      body_ += svg_text(x, bottom + 17, tick.label, "muted", Anchor::kMiddle);
    }
    body_ += svg_line(left_, bottom, left_ + plot_width(), bottom, "axis");
    body_ += svg_text(2, 12, with_unit(chart_.y_title, y_), "muted");
    body_ +=
        svg_text(left_ + plot_width(), bottom + 34, with_unit(chart_.x_title, x_), "muted", Anchor::kEnd);
  }

  void curve(const Series& series, const std::string& clip) {
    if (series.points.empty() && series.marks.empty()) return;
    std::vector<Place> line;
    std::vector<Place> upper;
    std::vector<Place> lower;
    std::string data;
    for (const Point& point : series.points) {
      const double x = x_of(point.x);
      line.emplace_back(x, y_of(point.y));
      upper.emplace_back(x, y_of(point.high));
      lower.emplace_back(x, y_of(point.low));
      data += fmt::format("{}{:.5g},{:.5g}", data.empty() ? "" : " ", point.x, point.y);
    }
    body_ += fmt::format("<g class=\"series run{} {}\" data-name=\"{}\" data-points=\"{}\">\n", series.run,
                         series.css, escape_markup(series.name), data);
    body_ += fmt::format("<g clip-path=\"url(#{})\">", clip);
    if (series.band && line.size() > 1) {
      upper.insert(upper.end(), lower.rbegin(), lower.rend());
      body_ += fmt::format("<path class=\"band\" d=\"{}Z\"/>", svg_path_data(upper));
    }
    if (!line.empty()) body_ += fmt::format("<path class=\"line\" d=\"{}\"/>", svg_path_data(line));
    if (series.dots || line.size() == 1) {
      for (const auto& [x, y] : line)
        body_ += fmt::format("<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"3\"/>", number(x), number(y));
    }
    body_ += "</g>";
    const double bottom = kPlotTop + plot_height();
    for (const double at : series.marks) {
      const double x = x_of(at);
      body_ += fmt::format("<path class=\"mark\" d=\"M{0},{1}v-7\"><title>{2}</title></path>", number(x),
                           number(bottom), escape_markup(chart_.marks));
    }
    body_ += "\n</g>\n";
  }

  // Where the curves end, pushed apart where they would lie on each other.
  void labels() {
    if (chart_.series.size() < 2 || chart_.series.size() > kMostLabels) return;
    std::vector<Label> placed;
    for (const Series& series : chart_.series) {
      if (series.points.empty()) continue;
      Label label;
      label.series = &series;
      label.text = shorten(series.name, kLongestLabel);
      label.x = std::min(x_of(series.points.back().x) + 8, left_ + plot_width() + 8);
      label.end = label.x + kPlotBold * text_width(label.text);
      label.y = y_of(series.points.back().y);
      placed.push_back(std::move(label));
    }
    std::sort(placed.begin(), placed.end(), [](const Label& a, const Label& b) { return a.y < b.y; });
    for (std::size_t i = 0; i < placed.size(); ++i) {
      placed[i].y = std::max(placed[i].y, kPlotTop);
      for (std::size_t j = 0; j < i; ++j) {
        if (placed[i].meets(placed[j])) placed[i].y = std::max(placed[i].y, placed[j].y + kPlotLineHeight);
      }
    }
    for (std::size_t i = placed.size(); i-- > 0;) {
      placed[i].y = std::min(placed[i].y, kPlotTop + plot_height());
      for (std::size_t j = i + 1; j < placed.size(); ++j) {
        if (placed[i].meets(placed[j])) placed[i].y = std::min(placed[i].y, placed[j].y - kPlotLineHeight);
      }
    }
    for (const Label& label : placed) {
      body_ += fmt::format("<g class=\"run{} {}\">", label.series->run, label.series->css);
      body_ += svg_text(label.x, label.y + 4, label.text, "label");
      body_ += "</g>\n";
    }
  }

  [[nodiscard]] std::string in_words() const {
    std::string words;
    for (const Series& series : chart_.series) {
      if (series.points.empty() || words.size() > 400) continue;
      words += fmt::format("{}{} ends at {}", words.empty() ? "" : "; ", series.name,
                           format(series.points.back().y, chart_.y.unit));
    }
    return words;
  }

  struct Label {
    const Series* series = nullptr;
    std::string text;
    double x = 0, end = 0, y = 0;
    [[nodiscard]] bool meets(const Label& other) const { return x < other.end && other.x < end; }
  };

  const LineChart& chart_;
  Axis x_, y_;
  double width_;
  double left_ = 30;
  double right_ = 14;
  std::string body_;
};

}  // namespace

Figure draw(const LineChart& chart) {
  Range x;
  Range y;
  for (const Series& series : chart.series) {
    for (const Point& point : series.points) {
      x.add(point.x);
      y.add(point.y);
      if (series.band) y.add(point.low), y.add(point.high);
    }
  }
  if (x.low > x.high || y.low > y.high) return {};
  return Plot(chart, x, y).draw();
}

}  // namespace interlock::report
