#pragma once
// A decoded colour image in memory. No torch.

#include <cstddef>
#include <cstdint>
#include <memory>

namespace interlock::data {

inline constexpr int kBytesPerPixel = 4;  // red, green, blue and one that means nothing

// Part of an image, in pixels.
struct Window {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

// Owns its pixels, which are not initialised. Rows are a multiple of 16 bytes apart, and at least 16 bytes
// that may be read (and hold anything) follow every pixel: vector code need not look where a row ends.
class Bitmap {
 public:
  Bitmap(int width, int height)
      : width_(width),
        height_(height),
        stride_((static_cast<std::size_t>(width) * kBytesPerPixel + 15) / 16 * 16),
        bytes_(new std::uint8_t[stride_ * static_cast<std::size_t>(height) + 16]) {}

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] std::size_t stride() const { return stride_; }  // bytes from one row to the next
  [[nodiscard]] std::uint8_t* row(int y) { return bytes_.get() + static_cast<std::size_t>(y) * stride_; }
  [[nodiscard]] const std::uint8_t* row(int y) const {
    return bytes_.get() + static_cast<std::size_t>(y) * stride_;
  }

 private:
  int width_;
  int height_;
  std::size_t stride_;
  std::unique_ptr<std::uint8_t[]> bytes_;
};

}  // namespace interlock::data
