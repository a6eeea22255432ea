#include "data/image_folder/resize.h"

#include <fmt/format.h>

#include "common/error.h"
#include "data/image_folder/resize_kernels.h"
#include "data/image_folder/resize_taps.h"

namespace interlock::data {
namespace {

bool within(const Window& window, int width, int height) {
  return window.left >= 0 && window.top >= 0 && window.width >= 1 && window.height >= 1 &&
         window.left <= width - window.width && window.top <= height - window.height;
}

}  // namespace

Bitmap resize(const Bitmap& image, const Window& source, int width, int height, const Window& part) {
  INTERLOCK_CHECK(within(source, image.width(), image.height()) && within(part, width, height),
                  fmt::format("{} x {} at ({}, {}) of {} x {}; {} x {} at ({}, {}) of {} x {}", source.width,
                              source.height, source.left, source.top, image.width(), image.height(),
                              part.width, part.height, part.left, part.top, width, height));
  const Taps columns = make_taps(source.width, width, part.left, part.width);
  Taps rows = make_taps(source.height, height, part.top, part.height);
  const int first_row = rows.source_begin();
  Bitmap narrow(part.width, rows.source_end() - first_row);
  for (int y = 0; y < narrow.height(); ++y) {
    const std::uint8_t* line = image.row(source.top + first_row + y);
    mix_pixels(line + static_cast<std::ptrdiff_t>(source.left) * kBytesPerPixel, columns, narrow.row(y));
  }
  for (Taps::Place& place : rows.places) place.first -= first_row;
  Bitmap resized(part.width, part.height);
  for (int y = 0; y < part.height; ++y) {
    mix_rows(narrow.row(0), narrow.stride(), rows, static_cast<std::size_t>(y), narrow.stride(),
             resized.row(y));
  }
  return resized;
}

}  // namespace interlock::data
