#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "common/text.h"
#include "schedule/text.h"
#include "schedule/timeline.h"

namespace interlock::schedule {
namespace {

constexpr int kSteps = 2;
constexpr double kPlotWidth = 1100;  // pixels, as all that follow
constexpr double kLeft = 90;         // stage labels
constexpr double kRight = 30;
constexpr double kTop = 64;     // title and legend
constexpr double kBottom = 44;  // time axis
constexpr double kPixelsALetter = 6.5;

struct Style {
  ActionKind kind;
  const char* colour;
  const char* meaning;
};
constexpr Style kStyles[] = {
    {ActionKind::kForward, "#4c78a8", "F forward"},
    {ActionKind::kLocalLoss, "#f2a33a", "L own loss"},
    {ActionKind::kInputGradient, "#8cc56d", "I input gradient"},
    {ActionKind::kWeightGradient, "#3a8a4d", "W weight gradient"},
    {ActionKind::kBackward, "#2f9c95", "B both gradients"},
    {ActionKind::kUpdate, "#5b5b66", "U update"},
};

const char* colour_of(ActionKind kind) {
  const auto* found =
      std::find_if(std::begin(kStyles), std::end(kStyles), [&](const Style& s) { return s.kind == kind; });
  return found == std::end(kStyles) ? "#000" : found->colour;
}

// A round number of units, so that there are at most about ten ticks.
double tick_of(double length) {
  const double least = length / 10;
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least) return factor * power;
  }
  return 10 * power;
}

class Drawing {
 public:
  // `what`: how much of a run is drawn, in words.
  Drawing(const TimeWindow& window, const std::string& what, const TimelineOptions& options, std::size_t rows)
      : window_(window),
        what_(what),
        options_(options),
        row_(std::clamp(600.0 / static_cast<double>(rows), 8.0, 26.0)) {
    const double width = kLeft + kPlotWidth + kRight;
    height_ = row_ * static_cast<double>(rows);
    svg_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n"
        "<text x=\"{2}\" y=\"22\" font-size=\"15\">{3}</text>\n",
        width, kTop + height_ + kBottom, 12, escape_markup(options.title));
    legend();
  }

  void stage(std::size_t row, int number, const std::vector<Span>& spans) {
    const double y = top_of(row);
    label(row, fmt::format("stage {}", number));
    svg_ += fmt::format("<rect x=\"{}\" y=\"{:.1f}\" width=\"{}\" height=\"{:.1f}\" fill=\"#eee\"/>\n", kLeft,
                        y, kPlotWidth, row_ - 1);
    for (const Span& span : spans) {
      if (span.end > window_.begin && span.start < window_.end && span.end > span.start) bar(y, span);
    }
  }

  void label(std::size_t row, const std::string& text) {
    svg_ += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", kLeft - 8,
                        top_of(row) + row_ / 2 + 4, text);
  }

  std::string finish() {
    const double length = (window_.end - window_.begin) * options_.per_second;
    const double y = kTop + height_;
    const double tick = length > 0 ? tick_of(length) : 1;
    for (int i = 0; i * tick <= length * (1 + 1e-9); ++i) {
      const double x = kLeft + kPlotWidth * (length > 0 ? i * tick / length : 0);
      svg_ += fmt::format(
          "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"#333\"/>\n"
          "<text x=\"{0:.1f}\" y=\"{3:.1f}\" text-anchor=\"middle\">{4:g}</text>\n",
          x, y, y + 5, y + 18, i * tick);
    }
    svg_ += fmt::format("<text x=\"{}\" y=\"{:.1f}\">time in {}; grey: waiting; {}</text>\n</svg>\n", kLeft,
                        y + 34, escape_markup(options_.unit), what_);
    return std::move(svg_);
  }

 private:
  [[nodiscard]] double top_of(std::size_t row) const { return kTop + row_ * static_cast<double>(row); }
  [[nodiscard]] double x_of(double time) const {
    const double inside = std::clamp(time, window_.begin, window_.end) - window_.begin;
    return kLeft + kPlotWidth * inside / (window_.end - window_.begin);
  }

  void legend() {
    double x = 12;
    for (const Style& style : kStyles) {
      svg_ += fmt::format(
          "<rect x=\"{}\" y=\"36\" width=\"12\" height=\"12\" fill=\"{}\"/>\n<text x=\"{}\" "
          "y=\"46\">{}</text>\n",
          x, style.colour, x + 17, style.meaning);
      x += 140;
    }
    svg_ += fmt::format("<text x=\"{}\" y=\"46\">paler: every second batch</text>\n", x);
  }

  void bar(double y, const Span& span) {
    const double x = x_of(span.start);
    const double width = x_of(span.end) - x;
    const std::string name = to_text(span.action);
    svg_ += fmt::format(
        "<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\" fill=\"{}\" fill-opacity=\"{}\" "
        "stroke=\"#fff\" stroke-width=\"0.5\"><title>{}: {:.4g} {}, batch {}</title></rect>\n",
        x, y, width, row_ - 1, colour_of(span.action.kind), span.batch % 2 == 0 ? 1 : 0.7, name,
        (span.end - span.start) * options_.per_second, escape_markup(options_.unit), span.batch);
    if (row_ < 12 || width < kPixelsALetter * static_cast<double>(name.size()) + 2) return;
    svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" fill=\"#fff\">{}</text>\n",
                        x + width / 2, y + row_ / 2 + 4, name);
  }

  const TimeWindow window_;
  const std::string what_;
  const TimelineOptions& options_;
  const double row_;
  double height_ = 0;
  std::string svg_;
};

// The same window, or as much of it as shows at most `most` actions of any stage.
TimeWindow cut_short(TimeWindow window, const Simulation& simulation, std::size_t most) {
  for (const std::vector<Span>& spans : simulation.timeline) {
    std::size_t shown = 0;
    for (const Span& span : spans) {
      if (span.end <= window.begin || span.end <= span.start || span.start >= window.end) continue;
      if (shown++ == most) window.end = span.start;
    }
  }
  return window;
}

}  // namespace

std::string timeline_svg(const Simulation& simulation, const TimelineOptions& options) {
  const int stages = static_cast<int>(simulation.timeline.size());
  const std::vector<int> shown = shown_stages(stages, options.most_stages);
  const TimeWindow whole = steady_window(simulation, kSteps);
  const TimeWindow window = options.most_actions > 0
                                ? cut_short(whole, simulation, static_cast<std::size_t>(options.most_actions))
                                : whole;
  const std::string what =
      window.end < whole.end
          ? fmt::format("the first {:.0f} % of {} steps",
                        100 * (window.end - window.begin) / (whole.end - whole.begin), kSteps)
          : fmt::format("{} steps", kSteps);
  Drawing drawing(window, what, options, shown.size());
  for (std::size_t row = 0; row < shown.size(); ++row) {
    const int stage = shown[row];
    if (stage < 0) {
      drawing.label(row, fmt::format("... {} more", stages - static_cast<int>(shown.size()) + 1));
    } else {
      drawing.stage(row, stage, simulation.timeline[static_cast<std::size_t>(stage)]);
    }
  }
  return drawing.finish();
}

}  // namespace interlock::schedule
