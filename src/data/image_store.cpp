#include "data/image_store.h"

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::data {

ImageStore downscale(const ImageStore& store, std::int64_t n) {
  if (n < 1 || store.height % n != 0 || store.width % n != 0) {
    throw UsageError(fmt::format("data.downscale: {} does not divide the images' height {} and width {}", n,
                                 store.height, store.width));
  }
  ImageStore small = store;
  if (n == 1) return small;
  small.height /= n;
  small.width /= n;
  small.pixels.resize(static_cast<std::size_t>(small.size() * small.image_bytes()));
  std::uint8_t* out = small.pixels.data();
  for (std::int64_t plane = 0; plane < store.size() * store.channels; ++plane) {
    const std::uint8_t* in = store.pixels.data() + plane * store.height * store.width;
    for (std::int64_t y = 0; y < store.height; y += n) {
      for (std::int64_t x = 0; x < store.width; x += n) {
        std::int64_t sum = 0;
        for (std::int64_t dy = 0; dy < n; ++dy) {
          for (std::int64_t dx = 0; dx < n; ++dx) sum += in[(y + dy) * store.width + x + dx];
        }
        *out++ = static_cast<std::uint8_t>((sum + n * n / 2) / (n * n));
      }
    }
  }
  return small;
}

void limit(ImageStore& store, std::int64_t limit) {
  if (limit <= 0 || limit >= store.size()) return;
  store.labels.resize(static_cast<std::size_t>(limit));
  store.pixels.resize(static_cast<std::size_t>(limit * store.image_bytes()));
  store.labels.shrink_to_fit();
  store.pixels.shrink_to_fit();
}

}  // namespace interlock::data
