#pragma once
// JPEG files made for a test, in memory.

#include <cstdint>
#include <functional>
#include <string>
#include <turbojpeg.h>
#include <vector>

#include "support/catch.h"

namespace interlock::test {

using Colour = std::vector<int>;  // of one pixel, one number a channel

// A file of `colour_of(x, y)` for each pixel: 1 channel makes a grayscale file, 3 a colour one, 4 one of inks
// (CMYK). Quality 100, colours not subsampled.
inline std::string make_jpeg(int width, int height, const std::function<Colour(int, int)>& colour_of,
                             int flags = 0) {
  std::vector<std::uint8_t> pixels;
  std::size_t channels = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Colour colour = colour_of(x, y);
      channels = colour.size();
      for (const int value : colour) pixels.push_back(static_cast<std::uint8_t>(value));
    }
  }
  const int format = channels == 1 ? TJPF_GRAY : channels == 3 ? TJPF_RGB : TJPF_CMYK;
  const tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(encoder, pixels.data(), width, 0, height, format, &bytes, &size,
                      channels == 1 ? TJSAMP_GRAY : TJSAMP_444, 100, flags) == 0);
  std::string file(reinterpret_cast<const char*>(bytes), size);
  tjFree(bytes);
  tjDestroy(encoder);
  return file;
}

inline std::string plain_jpeg(int width, int height, const Colour& colour) {
  return make_jpeg(width, height, [&](int, int) { return colour; });
}

// Exif data that hold one entry, the orientation.
inline std::string exif_with(int orientation, bool big_endian = true) {
  const auto number = [&](unsigned value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) {
      text += static_cast<char>(value >> (big_endian ? 8 * (bytes - 1 - i) : 8 * i));
    }
    return text;
  };
  return std::string(big_endian ? "MM" : "II") + number(42, 2) + number(8, 4) + number(1, 2) +
         number(0x0112, 2) + number(3, 2) + number(1, 4) + number(static_cast<unsigned>(orientation), 2) +
         number(0, 2) + number(0, 4);
}

// `file` with these Exif data after its first marker.
inline std::string with_exif(const std::string& file, const std::string& exif) {
  const std::size_t length = 2 + 6 + exif.size();
  return file.substr(0, 2) + "\xFF\xE1" + static_cast<char>(length >> 8) + static_cast<char>(length) +
         "Exif" + std::string(2, '\0') + exif + file.substr(2);
}

}  // namespace interlock::test
