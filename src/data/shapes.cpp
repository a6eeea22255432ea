#include "data/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "common/error.h"
#include "common/random.h"
#include "data/glyphs.h"

namespace interlock::data {
namespace {

using Colour = std::array<double, 3>;  // red, green, blue in 0..1

constexpr double kPi = 3.14159265358979323846;
constexpr double kLeastContrast = 0.6;  // distance of glyph and background colour in the unit cube
constexpr double kNoise = 0.05;         // largest change of a channel, in 0..1
constexpr int kMostStrokes = 2;         // of clutter

Colour random_colour(SplitMix64& random) {
  // Statement by statement: the order of evaluation within one expression is not defined.
  Colour colour{};
  for (double& channel : colour) channel = random.uniform(0.05, 0.95);
  return colour;
}

double contrast(const Colour& a, const Colour& b) {
  double squared = 0;
  for (std::size_t c = 0; c < a.size(); ++c) squared += (a[c] - b[c]) * (a[c] - b[c]);
  return std::sqrt(squared);
}

Colour mixed(const Colour& a, const Colour& b, double share_of_b) {
  Colour colour{};
  for (std::size_t c = 0; c < colour.size(); ++c) colour[c] = a[c] + (b[c] - a[c]) * share_of_b;
  return colour;
}

Point random_point(SplitMix64& random, double low, double high) {
  Point point;
  point.x = random.uniform(low, high);
  point.y = random.uniform(low, high);
  return point;
}

struct Stroke {  // clutter: a short thick line, or a dot
  Point from;
  Point to;
  double half_width = 0;  // pixels
  Colour colour{};
};

// All that is random about one image but the noise.
struct Scene {
  int glyph = 0;
  Point centre;       // pixels
  double radius = 0;  // pixels
  double sine = 0;
  double cosine = 1;
  Colour colour{};
  Colour background{};      // at the image's centre
  Colour background_end{};  // half an image further along `gradient`
  Point gradient;           // unit vector
  int strokes = 0;
  std::array<Stroke, kMostStrokes> clutter;
};

Scene random_scene(SplitMix64& random, int glyph, double size) {
  Scene scene;
  scene.glyph = glyph;
  scene.radius = size * random.uniform(0.25, 0.4);
  const double margin = 0.85 * scene.radius;
  scene.centre = random_point(random, margin, size - margin);
  const double angle = random.uniform(0, 2 * kPi);
  scene.sine = std::sin(angle);
  scene.cosine = std::cos(angle);
  scene.background = random_colour(random);
  scene.background_end = mixed(scene.background, random_colour(random), 0.4);
  do {
    scene.colour = random_colour(random);
  } while (contrast(scene.colour, scene.background) < kLeastContrast ||
           contrast(scene.colour, scene.background_end) < kLeastContrast);
  const double slope = random.uniform(0, 2 * kPi);
  scene.gradient = {std::cos(slope), std::sin(slope)};
  scene.strokes = static_cast<int>(random.below(kMostStrokes)) + 1;
  for (int s = 0; s < scene.strokes; ++s) {
    Stroke& stroke = scene.clutter[static_cast<std::size_t>(s)];
    stroke.from = random_point(random, 0, size);
    stroke.to = random_point(random, -size / 4, size / 4);
    stroke.to = {stroke.from.x + stroke.to.x, stroke.from.y + stroke.to.y};
    stroke.half_width = size * random.uniform(0.02, 0.06);
    stroke.colour = random_colour(random);
  }
  return scene;
}

// How much of the pixel a shape covers whose edge is `distance` pixels away.
double coverage(double distance) {
  return std::clamp(0.5 - distance, 0.0, 1.0);
}

Colour colour_at(const Scene& scene, Point pixel, double size) {
  const double along =
      ((pixel.x - size / 2) * scene.gradient.x + (pixel.y - size / 2) * scene.gradient.y) / (size / 2);
  Colour colour = mixed(scene.background, scene.background_end, std::clamp(along, -1.0, 1.0));
  for (int s = 0; s < scene.strokes; ++s) {
    const Stroke& stroke = scene.clutter[static_cast<std::size_t>(s)];
    const double distance = segment_distance(pixel, stroke.from, stroke.to) - stroke.half_width;
    colour = mixed(colour, stroke.colour, coverage(distance));
  }
  const double x = (pixel.x - scene.centre.x) / scene.radius;
  const double y = (pixel.y - scene.centre.y) / scene.radius;
  const Point local = {x * scene.cosine + y * scene.sine, y * scene.cosine - x * scene.sine};
  return mixed(colour, scene.colour, coverage(glyph_distance(scene.glyph, local) * scene.radius));
}

void draw(SplitMix64& random, const Scene& scene, std::int64_t size, std::uint8_t* pixels) {
  const std::int64_t plane = size * size;
  for (std::int64_t y = 0; y < size; ++y) {
    for (std::int64_t x = 0; x < size; ++x) {
      const Point pixel = {static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5};
      const Colour colour = colour_at(scene, pixel, static_cast<double>(size));
      const std::uint64_t bits = random.next();  // 16 of them for each channel
      for (std::int64_t c = 0; c < 3; ++c) {
        const double unit = static_cast<double>(bits >> (16 * c) & 0xffffU) / 65535;
        const double value = colour[static_cast<std::size_t>(c)] + kNoise * (2 * unit - 1);
        pixels[c * plane + y * size + x] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 1.0) * 255 + 0.5);
      }
    }
  }
}

}  // namespace

ImageStore draw_shapes(std::uint64_t seed, ShapesSplit split, std::int64_t count, std::int64_t image_size) {
  INTERLOCK_CHECK(count >= 0 && image_size >= kSmallestShapesImage,
                  fmt::format("count {} image_size {}", count, image_size));
  ImageStore store;
  store.channels = 3;
  store.height = store.width = image_size;
  store.classes = kGlyphs;
  store.pixels.resize(static_cast<std::size_t>(count * store.image_bytes()));
  for (std::int64_t i = 0; i < count; ++i) {
    SplitMix64 random(derive_seed(seed, SeedPurpose::kSyntheticData,
                                  {static_cast<std::uint64_t>(split), static_cast<std::uint64_t>(i)}));
    const int glyph = static_cast<int>(i % kGlyphs);
    const Scene scene = random_scene(random, glyph, static_cast<double>(image_size));
    draw(random, scene, image_size, store.pixels.data() + i * store.image_bytes());
    store.labels.push_back(glyph);
  }
  return store;
}

}  // namespace interlock::data
