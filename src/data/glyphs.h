#pragma once
// The ten glyphs of the `shapes` data set as signed distances: what each class looks like. No torch.

namespace interlock::data {

inline constexpr int kGlyphs = 10;

struct Point {
  double x = 0;
  double y = 0;
};

// Distance from `p` to the edge of glyph 0 .. kGlyphs-1, negative inside. The glyph fits into the unit circle
// about the origin. Disc, ring, square, frame, triangle, cross, bar, pair of dots, crescent, corner.
double glyph_distance(int glyph, Point p);

// Distance to the segment from `a` to `b`.
double segment_distance(Point p, Point a, Point b);

}  // namespace interlock::data
