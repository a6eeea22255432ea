#include "data/glyphs.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::data {
namespace {

// No std::hypot: its care for overflow costs several times the square root.
double length(double x, double y) {
  return std::sqrt(x * x + y * y);
}

double box(Point p, double half_width, double half_height) {
  const double dx = std::abs(p.x) - half_width;
  const double dy = std::abs(p.y) - half_height;
  return length(std::max(dx, 0.0), std::max(dy, 0.0)) + std::min(std::max(dx, dy), 0.0);
}

double triangle(Point p, double inner_radius) {
  const double slant = std::sqrt(3.0) / 2 * std::abs(p.x) + p.y / 2;
  return std::max(slant, -p.y) - inner_radius;
}

}  // namespace

double segment_distance(Point p, Point a, Point b) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double squared = dx * dx + dy * dy;
  const double along =
      squared > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / squared, 0.0, 1.0) : 0.0;
  return length(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

double glyph_distance(int glyph, Point p) {
  switch (glyph) {
    case 0:  // disc
      return length(p.x, p.y) - 0.8;
    case 1:  // ring
      return std::abs(length(p.x, p.y) - 0.72) - 0.2;
    case 2:  // square
      return box(p, 0.68, 0.68);
    case 3:  // frame
      return std::abs(box(p, 0.6, 0.6)) - 0.17;
    case 4:  // triangle
      return triangle(p, 0.5);
    case 5:  // cross
      return std::min(box(p, 0.92, 0.24), box(p, 0.24, 0.92));
    case 6:  // bar
      return box(p, 0.92, 0.26);
    case 7:  // pair of dots
      return length(std::abs(p.x) - 0.58, p.y) - 0.36;
    case 8:  // crescent
      return std::max(length(p.x, p.y) - 0.9, 0.68 - length(p.x - 0.46, p.y));
    case 9:  // corner
      return std::min(segment_distance(p, {-0.5, 0.5}, {0.7, 0.5}),
                      segment_distance(p, {-0.5, 0.5}, {-0.5, -0.7})) -
             0.22;
    default:
      throw BrokenInvariant(fmt::format("glyph {} of {}", glyph, kGlyphs));
  }
}

}  // namespace interlock::data
