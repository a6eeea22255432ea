#pragma once
// A few words to write SVG with. Coordinates are rounded to a tenth of a pixel: small files.

#include <string>
#include <utility>
#include <vector>

namespace interlock::report {

// Of a figure's drawing, in pixels: half of the page, or all of it.
inline double figure_width(bool wide) {
  return wide ? 1140 : 560;
}

using Place = std::pair<double, double>;

std::string number(double pixels);  // "12.5", never "-0" or "12.0"

std::string svg_line(double x1, double y1, double x2, double y2, const std::string& css);
// With a tooltip where `title` is not "".
std::string svg_rect(double x, double y, double width, double height, const std::string& css,
                     const std::string& title = "");
enum class Anchor { kStart, kMiddle, kEnd };
std::string svg_text(double x, double y, const std::string& text, const std::string& css,
                     Anchor anchor = Anchor::kStart);
// "M..L.." through the places.
std::string svg_path_data(const std::vector<Place>& places);

// About how wide text of the charts' size is drawn, in pixels.
double text_width(const std::string& text);

}  // namespace interlock::report
