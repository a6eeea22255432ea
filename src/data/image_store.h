#pragma once
// Labelled images as bytes, the common form of every image data set. No torch.

#include <cstdint>
#include <vector>

namespace interlock::data {

struct ImageStore {
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t classes = 0;
  std::vector<std::uint8_t> pixels;  // [size(), channels, height, width]
  std::vector<std::int32_t> labels;  // [size()], each in 0 .. classes-1

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  [[nodiscard]] std::int64_t image_bytes() const { return channels * height * width; }
  [[nodiscard]] const std::uint8_t* image(std::int64_t number) const {
    return pixels.data() + number * image_bytes();
  }
};

// What a reader of image files returns; eval has the shape and the classes of train.
struct ImageSets {
  ImageStore train;
  ImageStore eval;
};

// Each n x n block becomes its average, rounded to nearest (a half goes up).
// Errors: UsageError (data.downscale) where n does not divide height and width.
ImageStore downscale(const ImageStore& store, std::int64_t n);

// Drops all but the first `limit` images; 0 keeps all.
void limit(ImageStore& store, std::int64_t limit);

}  // namespace interlock::data
