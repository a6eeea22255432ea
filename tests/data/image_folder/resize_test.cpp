#include "data/image_folder/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "common/random.h"
#include "data/image_folder/resize_kernels.h"
#include "support/catch.h"

namespace interlock::data {
namespace {

Bitmap noise(int width, int height, std::uint64_t seed) {
  SplitMix64 random(seed);
  Bitmap image(width, height);
  for (int y = 0; y < height; ++y) {
    std::generate_n(image.row(y), image.stride(), [&] { return static_cast<std::uint8_t>(random.next()); });
  }
  return image;
}

bool same_pixels(const Bitmap& a, const Bitmap& b) {
  if (a.width() != b.width() || a.height() != b.height()) return false;
  for (int y = 0; y < a.height(); ++y) {
    if (std::memcmp(a.row(y), b.row(y), static_cast<std::size_t>(a.width()) * kBytesPerPixel) != 0)
      return false;
  }
  return true;
}

Bitmap cut(const Bitmap& image, const Window& window) {
  Bitmap part(window.width, window.height);
  for (int y = 0; y < window.height; ++y) {
    std::memcpy(part.row(y),
                image.row(window.top + y) + static_cast<std::ptrdiff_t>(window.left) * kBytesPerPixel,
                static_cast<std::size_t>(window.width) * kBytesPerPixel);
  }
  return part;
}

Bitmap resize_all(const Bitmap& image, int width, int height) {
  return resize(image, {0, 0, image.width(), image.height()}, width, height, {0, 0, width, height});
}

// In floating point, without rounding between the passes.
double expected_value(const Bitmap& image, int width, int height, int x, int y, int channel) {
  const auto weights = [](int from, int to, int place) {
    const double scale = static_cast<double>(from) / to;
    const double reach = std::max(scale, 1.0);
    std::vector<double> result;
    double sum = 0;
    for (int i = 0; i < from; ++i) {
      result.push_back(std::max(0.0, 1 - std::abs(i + 0.5 - (place + 0.5) * scale) / reach));
      sum += result.back();
    }
    for (double& weight : result) weight /= sum;
    return result;
  };
  const std::vector<double> across = weights(image.width(), width, x);
  const std::vector<double> down = weights(image.height(), height, y);
  double value = 0;
  for (std::size_t j = 0; j < down.size(); ++j) {
    for (std::size_t i = 0; i < across.size(); ++i) {
      value += down[j] * across[i] *
               image.row(static_cast<int>(j))[i * kBytesPerPixel + static_cast<std::size_t>(channel)];
    }
  }
  return value;
}

TEST_CASE("every pixel is the triangle-weighted mean of its surroundings, to the rounding of two passes") {
  const Bitmap image = noise(37, 23, 1);
  for (const auto& [width, height] : {std::pair{11, 7}, {37, 23}, {50, 40}, {5, 60}, {1, 1}}) {
    const Bitmap resized = resize_all(image, width, height);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int c = 0; c < 3; ++c) {
          CHECK(std::abs(resized.row(y)[x * kBytesPerPixel + c] -
                         expected_value(image, width, height, x, y, c)) <= 1.01);
        }
      }
    }
  }
}

TEST_CASE("resizing to the same size changes nothing, and one colour stays that colour at any size") {
  const Bitmap image = noise(21, 17, 2);
  CHECK(same_pixels(resize_all(image, 21, 17), image));
  for (const int value : {0, 1, 127, 254, 255}) {
    Bitmap plain(301, 203);
    std::memset(plain.row(0), value, plain.stride() * 203);
    const Bitmap resized = resize_all(plain, 64, 96);
    CHECK(std::all_of(resized.row(0), resized.row(95) + 64 * kBytesPerPixel,
                      [&](int byte) { return byte == value; }));
  }
}

TEST_CASE(
    "a part of the result is that part of the whole result, and a cut-out is resized as an image of its "
    "own") {
  const Bitmap image = noise(61, 47, 3);
  const Bitmap whole = resize_all(image, 29, 35);
  for (const Window& part : {Window{0, 0, 29, 35}, {5, 3, 7, 9}, {28, 34, 1, 1}, {0, 34, 29, 1}}) {
    CHECK(same_pixels(resize(image, {0, 0, 61, 47}, 29, 35, part), cut(whole, part)));
  }
  for (const Window& source : {Window{10, 20, 30, 25}, {60, 46, 1, 1}, {0, 0, 2, 47}}) {
    CHECK(same_pixels(resize(image, source, 16, 16, {0, 0, 16, 16}), resize_all(cut(image, source), 16, 16)));
  }
}

TEST_CASE("vector code and plain code agree to the bit") {
  for (const auto& [from, to] :
       {std::pair{100, 17}, {17, 100}, {64, 64}, {3, 1}, {1, 5}, {999, 32}, {5000, 2}}) {
    INFO(from << " to " << to);
    const Taps taps = make_taps(from, to, 0, to);
    const Bitmap row = noise(from, 1, 4);
    Bitmap fast(to, 1);
    Bitmap plain(to, 1);
    mix_pixels(row.row(0), taps, fast.row(0));
    mix_pixels_plainly(row.row(0), taps, plain.row(0));
    CHECK(same_pixels(fast, plain));
    const Bitmap column = noise(12, from, 5);
    Bitmap fast_rows(12, to);
    Bitmap plain_rows(12, to);
    for (int y = 0; y < to; ++y) {
      const auto place = static_cast<std::size_t>(y);
      mix_rows(column.row(0), column.stride(), taps, place, 48, fast_rows.row(y));
      mix_rows_plainly(column.row(0), column.stride(), taps, place, 48, plain_rows.row(y));
    }
    CHECK(same_pixels(fast_rows, plain_rows));
  }
}

}  // namespace
}  // namespace interlock::data
