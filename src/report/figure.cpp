#include "report/figure.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "common/text.h"
#include "report/svg.h"

namespace interlock::report {
namespace {

template <std::size_t kCount>
using Colours = std::array<const char*, kCount>;

// Told apart by people who see fewer colours, and each as dark (or light) as its page needs.
constexpr Colours<kRunColours> kRuns = {"#0072b2", "#d55e00", "#00916b", "#a8408b",
                                        "#b07d00", "#3f9fd8", "#6a6a6a"};
constexpr Colours<kRunColours> kRunsDark = {"#56a9e4", "#ff8c42", "#2fc79b", "#e38cc4",
                                            "#edb63c", "#9ad4f8", "#b4b4b4"};

// From the first stage to the last, the last the strongest against its page.
constexpr Colours<kStageColours> kStages = {"#7cc96b", "#62bd6d", "#4ab072", "#39a27a", "#2f9480", "#2b8686",
                                            "#2a788a", "#2d6a8b", "#335c8a", "#3a4e87", "#404082", "#45337a",
                                            "#482770", "#491b65", "#470f58", "#43044b"};
constexpr Colours<kStageColours> kStagesDark = {
    "#5566c4", "#4f76c6", "#4a86c4", "#4695c0", "#43a3b8", "#43b0ad", "#49bc9f", "#57c78f",
    "#6bd07e", "#83d86c", "#9cdf5a", "#b5e44a", "#cee83f", "#e3ea3c", "#f2ea45", "#fdea55"};

constexpr Colours<kShareColours> kShares = {"#f3f1ec", "#dfe8ee", "#c9ddec", "#b0d0e8", "#93c1e2",
                                            "#74afd9", "#5499cd", "#3981bd", "#2368a6", "#114f88"};
constexpr Colours<kShareColours> kSharesDark = {"#23272e", "#232f3d", "#22394d", "#22455f", "#245273",
                                                "#296189", "#3273a1", "#4189bb", "#5ba3d6", "#83c0ee"};

template <std::size_t kCount>
std::string rules(char letter, const Colours<kCount>& colours) {
  std::string text;
  for (std::size_t i = 0; i < kCount; ++i) text += fmt::format(".{}{}{{color:{}}}\n", letter, i, colours[i]);
  return text;
}

// What does not depend on the page being light or dark.
constexpr const char* kShapes =
    R"(.chart text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
.chart .title{font-size:16px;font-weight:600}
.line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.band{fill:currentColor;fill-opacity:.13}
.dot,.bar,.cell{fill:currentColor}
.mark{fill:none;stroke:currentColor;stroke-width:1.5}
.chart .label{fill:currentColor;font-weight:600;paint-order:stroke;stroke-width:3;stroke-linejoin:round}
.dash1 .line{stroke-dasharray:7 4}
.dash2 .line{stroke-dasharray:2 4}
.grid{stroke-width:1;shape-rendering:crispEdges}
.axis{stroke-width:1;shape-rendering:crispEdges}
)";

std::string alternative_of(const Figure& figure) {
  return figure.alternative.empty() ? figure.title : figure.title + ": " + figure.alternative;
}

}  // namespace

std::string run_class(int run) {
  const int dash = run / kRunColours % 3;
  return fmt::format("s{}{}", run % kRunColours, dash == 0 ? "" : fmt::format(" dash{}", dash));
}

std::string stage_class(int stage, int stages) {
  const double place = stages > 1 ? static_cast<double>(stage) / (stages - 1) : 1;
  return fmt::format("t{}", std::lround(place * (kStageColours - 1)));
}

std::string share_class(double share) {
  return fmt::format("h{}", std::clamp(static_cast<int>(share * kShareColours), 0, kShareColours - 1));
}

std::string figure_style(bool dark) {
  std::string style = dark ? "" : kShapes;
  style += rules('s', dark ? kRunsDark : kRuns);
  style += rules('t', dark ? kStagesDark : kStages);
  style += rules('h', dark ? kSharesDark : kShares);
  style += fmt::format(".chart .ink,.chart .title{{fill:{}}}\n", dark ? "#e8eaed" : "#1f2328");
  style += fmt::format(".chart .muted{{fill:{}}}\n", dark ? "#9aa2ad" : "#656d76");
  style += fmt::format(".grid{{stroke:{}}}\n", dark ? "#2d333b" : "#e6e8eb");
  style += fmt::format(".axis{{stroke:{}}}\n", dark ? "#59626d" : "#aab1b9");
  style += fmt::format(".paper{{fill:{0}}}\n.label{{stroke:{0}}}\n", dark ? "#1a1e24" : "#ffffff");
  return style;
}

std::string Figure::in_page() const {
  return fmt::format(
      "<figure id=\"{}\"{}>\n<figcaption><strong>{}</strong>{}</figcaption>\n<svg class=\"chart\" "
      "viewBox=\"0 0 {} "
      "{}\" role=\"img\" aria-label=\"{}\"{}>\n{}</svg>\n</figure>\n",
      escape_markup(id), wide ? " class=\"wide\"" : "", escape_markup(title),
      note.empty() ? "" : " <span>" + escape_markup(note) + "</span>", number(width), number(height),
      escape_markup(alternative_of(*this)), attributes, body);
}

std::string Figure::standalone() const {
  constexpr double kTitleHeight = 52;
  constexpr double kEdge = 12;
  const double whole_width = width + 2 * kEdge;
  const double whole_height = height + kTitleHeight + kEdge;
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 "
      "{0} {1}\">\n"
      "<style>\n{2}</style>\n<rect class=\"paper\" width=\"{0}\" height=\"{1}\"/>\n{3}{4}"
      "<g transform=\"translate({5} {6})\">\n{7}</g>\n</svg>\n",
      number(whole_width), number(whole_height), figure_style(false), svg_text(kEdge + 4, 24, title, "title"),
      svg_text(kEdge + 4, 43, note, "muted"), number(kEdge), number(kTitleHeight), body);
}

}  // namespace interlock::report
