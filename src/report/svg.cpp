#include "report/svg.h"

#include <cmath>

#include <fmt/format.h>

#include "common/text.h"
#include "report/format.h"

namespace interlock::report {

std::string number(double pixels) {
  const double tenths = std::round(pixels * 10);
  if (!std::isfinite(tenths) || tenths == 0) return "0";
  std::string text = fmt::format("{:.1f}", tenths / 10);
  if (text.back() == '0') text.resize(text.size() - 2);
  return text;
}

std::string svg_line(double x1, double y1, double x2, double y2, const std::string& css) {
  return fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n", css, number(x1),
                     number(y1), number(x2), number(y2));
}

std::string svg_rect(double x, double y, double width, double height, const std::string& css,
                     const std::string& title) {
  const std::string inside = title.empty() ? "" : "<title>" + escape_markup(title) + "</title>";
  return fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">{}</rect>\n", css,
                     number(x), number(y), number(width), number(height), inside);
}

std::string svg_text(double x, double y, const std::string& text, const std::string& css, Anchor anchor) {
  const char* const place = anchor == Anchor::kStart    ? ""
                            : anchor == Anchor::kMiddle ? " text-anchor=\"middle\""
                                                        : " text-anchor=\"end\"";
  return fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\"{}>{}</text>\n", css, number(x), number(y), place,
                     escape_markup(text));
}

std::string svg_path_data(const std::vector<Place>& places) {
  std::string data;
  for (const auto& [x, y] : places) data += (data.empty() ? "M" : "L") + number(x) + "," + number(y);
  return data;
}

double text_width(const std::string& text) {
  constexpr double kPerCharacter = 6.4;
  return kPerCharacter * static_cast<double>(characters(text));
}

}  // namespace interlock::report
