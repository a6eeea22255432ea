#pragma once
// The built-in data set: small colour images of ten glyphs, drawn from the seed, so that a first run needs no
// files. The class is in the glyph alone: place, size, angle, colours, gradient background, clutter and noise
// are all random, so a linear classifier finds next to nothing and a deep convolutional net nearly
// everything. No torch.

#include <cstdint>

#include "data/image_store.h"

namespace interlock::data {

enum class ShapesSplit : std::uint64_t { kTrain = 0, kEval = 1 };

inline constexpr std::int64_t kSmallestShapesImage = 8;

// `count` images [3, image_size, image_size]; image i shows glyph i mod 10 and is a pure function of (seed,
// split, i, image_size). REQUIRES image_size >= kSmallestShapesImage.
ImageStore draw_shapes(std::uint64_t seed, ShapesSplit split, std::int64_t count, std::int64_t image_size);

}  // namespace interlock::data
