#pragma once
// What the segments at the start of a JPEG file say that a decoder does not pass on. No torch.

#include <cstddef>
#include <cstdint>

namespace interlock::data {

struct JpegMarkers {
  int orientation = 1;          // by Exif, 1 .. 8
  bool has_end_marker = false;  // after the pixels began: else the file was cut off
};

// Trusts nothing: never reads outside `bytes`.
JpegMarkers scan_jpeg_markers(const std::uint8_t* bytes, std::size_t size);

}  // namespace interlock::data
