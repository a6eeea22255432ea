#include "data/image_folder/view.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::data {
namespace {

constexpr int kTries = 10;

// To nearest, a half to the even number, as Python's round().
int rounded(double value) {
  return static_cast<int>(std::nearbyint(value));
}

// A place from 0 to `room`, all equally likely.
int draw_place(int room, SplitMix64& random) {
  return static_cast<int>(random.below(static_cast<std::uint64_t>(room) + 1));
}

Window random_window(int width, int height, const RandomCrop& crop, SplitMix64& random) {
  const double log_low = std::log(crop.ratio.front());
  const double log_high = std::log(crop.ratio.back());
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const double area =
        static_cast<double>(width) * height * random.uniform(crop.area.front(), crop.area.back());
    const double ratio = std::exp(random.uniform(log_low, log_high));
    // Compared before they become whole numbers: extreme ratios give sides beyond an int.
    const double wide = std::nearbyint(std::sqrt(area * ratio));
    const double high = std::nearbyint(std::sqrt(area / ratio));
    if (wide < 1 || wide > width || high < 1 || high > height) continue;
    const int w = static_cast<int>(wide);
    const int h = static_cast<int>(high);
    const int top = draw_place(height - h, random);
    return {draw_place(width - w, random), top, w, h};
  }
  const double ratio = static_cast<double>(width) / height;
  int w = width;
  int h = height;
  if (ratio < crop.ratio.front()) h = rounded(width / crop.ratio.front());
  if (ratio > crop.ratio.back()) w = rounded(height * crop.ratio.back());
  w = std::clamp(w, 1, width);
  h = std::clamp(h, 1, height);
  return {(width - w) / 2, (height - h) / 2, w, h};
}

// One dimension of a centre crop: `size` of `length` pixels, or all of them with a border.
struct Middle {
  int from = 0;   // of the resized image
  int count = 0;  // of its pixels
  int to = 0;     // of the sample
};

Middle middle_of(int length, int size) {
  if (length < size) return {0, length, (size - length) / 2};
  return {rounded((length - size) / 2.0), size, 0};
}

}  // namespace

ImageView random_resized_crop(int width, int height, int size, const RandomCrop& crop, SplitMix64& random) {
  INTERLOCK_CHECK(width >= 1 && height >= 1 && size >= 1, fmt::format("{} x {} to {}", width, height, size));
  ImageView view;
  view.source = random_window(width, height, crop, random);
  view.width = view.height = size;
  view.part = {0, 0, size, size};
  view.flipped = crop.flip && random.below(2) == 1;
  return view;
}

ImageView centre_crop(int width, int height, int resize, int size) {
  INTERLOCK_CHECK(width >= 1 && height >= 1 && resize >= 1 && size >= 1,
                  fmt::format("{} x {} to {}, {}", width, height, resize, size));
  const auto longer = [&](int long_side, int short_side) {
    return static_cast<int>(std::min(1e9, static_cast<double>(resize) * long_side / short_side));
  };
  ImageView view;
  view.source = {0, 0, width, height};
  view.width = width <= height ? resize : longer(width, height);
  view.height = width <= height ? longer(height, width) : resize;
  const Middle across = middle_of(view.width, size);
  const Middle down = middle_of(view.height, size);
  view.part = {across.from, down.from, across.count, down.count};
  view.left = across.to;
  view.top = down.to;
  return view;
}

}  // namespace interlock::data
