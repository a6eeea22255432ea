#include "data/shapes.h"

#include <algorithm>
#include <array>

#include "data/glyphs.h"
#include "support/catch.h"

namespace interlock::data {
namespace {

TEST_CASE("every glyph covers its own share of the unit circle and stays within reach of it") {
  constexpr int kSteps = 60;
  for (int glyph = 0; glyph < kGlyphs; ++glyph) {
    INFO("glyph " << glyph);
    int inside = 0;
    for (int i = -kSteps; i <= kSteps; ++i) {
      for (int j = -kSteps; j <= kSteps; ++j) {
        const Point p = {1.5 * i / kSteps, 1.5 * j / kSteps};
        if (glyph_distance(glyph, p) >= 0) continue;
        ++inside;
        CHECK(p.x * p.x + p.y * p.y < 1.1 * 1.1);
      }
    }
    CHECK(inside > 300);
  }
}

TEST_CASE("shapes are a pure function of seed, split and number") {
  const ImageStore some = draw_shapes(3, ShapesSplit::kTrain, 20, 16);
  const ImageStore more = draw_shapes(3, ShapesSplit::kTrain, 30, 16);
  CHECK(std::equal(some.pixels.begin(), some.pixels.end(), more.pixels.begin()));
  CHECK(some.pixels != draw_shapes(4, ShapesSplit::kTrain, 20, 16).pixels);
  CHECK(some.pixels != draw_shapes(3, ShapesSplit::kEval, 20, 16).pixels);
}

TEST_CASE("shapes are balanced, all different, and as large as asked for") {
  const ImageStore store = draw_shapes(1, ShapesSplit::kTrain, 1000, 12);
  CHECK(store.channels == 3);
  CHECK(store.height == 12);
  CHECK(store.width == 12);
  CHECK(store.classes == kGlyphs);
  CHECK(store.pixels.size() == 1000 * 3 * 12 * 12);
  std::array<int, kGlyphs> count{};
  for (const std::int32_t label : store.labels) ++count.at(static_cast<std::size_t>(label));
  for (const int images : count) CHECK(images == 100);

  std::vector<std::vector<std::uint8_t>> images;
  for (std::int64_t i = 0; i < store.size(); ++i) {
    images.emplace_back(store.image(i), store.image(i) + store.image_bytes());
  }
  std::sort(images.begin(), images.end());
  CHECK(std::adjacent_find(images.begin(), images.end()) == images.end());
}

TEST_CASE("the average image of a class tells it apart from no other") {
  // What a linear classifier could use at most. Means of 1000 pixels with a deviation of about 65 stray by
  // about 2.
  const ImageStore store = draw_shapes(1, ShapesSplit::kTrain, 10'000, 8);
  for (int glyph = 0; glyph < kGlyphs; ++glyph) {
    std::array<double, 3> mean{};
    for (std::int64_t i = glyph; i < store.size(); i += kGlyphs) {
      for (std::size_t c = 0; c < 3; ++c) mean[c] += store.image(i)[c * 64 + 4 * 8 + 4] / 1000.0;
    }
    INFO("glyph " << glyph);
    for (const double value : mean) CHECK(value == Approx(127.5).margin(10));
  }
}

}  // namespace
}  // namespace interlock::data
