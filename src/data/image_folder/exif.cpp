#include "data/image_folder/exif.h"

#include <cstring>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::data {
namespace {

constexpr unsigned kOrientationTag = 0x0112;
constexpr unsigned kShort = 3;  // types of values: 2 bytes, 4 bytes
constexpr unsigned kLong = 4;
constexpr std::size_t kEntryBytes = 12;

// Numbers at offsets, in the byte order that the data declare. An offset outside gives 0.
class TiffReader {
 public:
  TiffReader(const std::uint8_t* bytes, std::size_t size, bool big_endian)
      : bytes_(bytes), size_(size), big_endian_(big_endian) {}

  [[nodiscard]] unsigned long read(std::size_t offset, std::size_t count) const {
    if (offset > size_ || size_ - offset < count) return 0;
    unsigned long value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = value << 8 | bytes_[offset + (big_endian_ ? i : count - 1 - i)];
    }
    return value;
  }

 private:
  const std::uint8_t* bytes_;
  std::size_t size_;
  bool big_endian_;
};

}  // namespace

int exif_orientation(const std::uint8_t* bytes, std::size_t size) {
  if (size < 8 || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M')) return 1;
  const TiffReader tiff(bytes, size, bytes[0] == 'M');
  if (tiff.read(2, 2) != 42) return 1;
  const std::size_t directory = tiff.read(4, 4);
  const std::size_t entries = tiff.read(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * kEntryBytes;
    if (entry >= size) break;
    if (tiff.read(entry, 2) != kOrientationTag) continue;
    const unsigned long type = tiff.read(entry + 2, 2);
    if (type != kShort && type != kLong) return 1;
    const unsigned long value = tiff.read(entry + 8, type == kShort ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Bitmap turn_upright(Bitmap image, int orientation) {
  INTERLOCK_CHECK(orientation >= 1 && orientation <= 8, fmt::format("orientation {}", orientation));
  if (orientation == 1) return image;
  // Each orientation is one of mirroring left and right, mirroring up and down, and swapping rows with
  // columns, or some of them: where does the pixel at (x, y) of the upright image come from?
  const bool swapped = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Bitmap upright(swapped ? image.height() : image.width(), swapped ? image.width() : image.height());
  for (int y = 0; y < upright.height(); ++y) {
    std::uint8_t* out = upright.row(y);
    for (int x = 0; x < upright.width(); ++x, out += kBytesPerPixel) {
      int column = swapped ? y : x;
      int line = swapped ? x : y;
      if (from_right) column = image.width() - 1 - column;
      if (from_bottom) line = image.height() - 1 - line;
      std::memcpy(out, image.row(line) + static_cast<std::ptrdiff_t>(column) * kBytesPerPixel,
                  kBytesPerPixel);
    }
  }
  return upright;
}

}  // namespace interlock::data
