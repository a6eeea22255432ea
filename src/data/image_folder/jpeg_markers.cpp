#include "data/image_folder/jpeg_markers.h"

#include <cstring>

#include "data/image_folder/exif.h"

namespace interlock::data {
namespace {

constexpr std::uint8_t kMarker = 0xFF;
constexpr std::uint8_t kEnd = 0xD9;
constexpr std::uint8_t kScan = 0xDA;
constexpr std::uint8_t kApplication1 = 0xE1;
constexpr char kExif[] = {'E', 'x', 'i', 'f', 0, 0};

bool stands_alone(std::uint8_t marker) {  // has no length after it
  return marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= kEnd);
}

// Coded pixels never hold the end marker by chance: an FF within them is followed by 00.
bool ends(const std::uint8_t* at, const std::uint8_t* end) {
  while (at < end) {
    at = static_cast<const std::uint8_t*>(std::memchr(at, kMarker, static_cast<std::size_t>(end - at)));
    if (at == nullptr || at + 1 == end) return false;
    if (at[1] == kEnd) return true;
    ++at;
  }
  return false;
}

}  // namespace

JpegMarkers scan_jpeg_markers(const std::uint8_t* bytes, std::size_t size) {
  JpegMarkers found;
  bool has_exif = false;
  const std::uint8_t* at = bytes;
  const std::uint8_t* const end = bytes + size;
  while (end - at >= 4) {
    if (at[0] != kMarker || at[1] == kMarker || stands_alone(at[1])) {
      at += at[0] == kMarker && at[1] != kMarker ? 2 : 1;
      continue;
    }
    const std::uint8_t marker = at[1];
    const std::ptrdiff_t length = at[2] << 8 | at[3];  // of what follows the marker, these two bytes included
    at += 2;
    if (length < 2 || end - at < length) return found;
    if (marker == kScan) {
      found.has_end_marker = ends(at + length, end);
      return found;
    }
    if (marker == kApplication1 && !has_exif && length >= 8 && std::memcmp(at + 2, kExif, 6) == 0) {
      has_exif = true;
      found.orientation = exif_orientation(at + 8, static_cast<std::size_t>(length - 8));
    }
    at += length;
  }
  return found;
}

}  // namespace interlock::data
