#include "data/image_folder/jpeg.h"

#include <cstring>
#include <memory>
#include <turbojpeg.h>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "data/image_folder/exif.h"
#include "data/image_folder/jpeg_markers.h"

namespace interlock::data {
namespace {

struct DestroyDecoder {
  void operator()(void* decoder) const { tjDestroy(decoder); }
};

using Decoder = std::unique_ptr<std::remove_pointer_t<tjhandle>, DestroyDecoder>;

// One for each file: a decoder that has seen another keeps that one's tables, and would read a file that
// lacks its own or not by what came before it.
Decoder new_decoder() {
  Decoder decoder(tjInitDecompress());
  if (!decoder) throw BrokenImage("the JPEG decoder cannot start");
  return decoder;
}

void check_is_jpeg(const std::string& file) {
  if (file.empty()) throw BrokenImage("the file is empty");
  const auto starts = [&](const char* magic, std::size_t at = 0) {
    return file.size() >= at && file.compare(at, std::strlen(magic), magic) == 0;
  };
  if (starts("\xFF\xD8\xFF")) return;
  const char* kind = starts("\x89PNG")                        ? "a PNG"
                     : starts("GIF8")                         ? "a GIF"
                     : starts("RIFF") && starts("WEBP", 8)    ? "a WebP"
                     : starts("BM")                           ? "a BMP"
                     : starts("II*") || starts("MM")          ? "a TIFF"
                     : starts("<!DOCTYPE") || starts("<html") ? "an HTML"
                                                              : nullptr;
  throw BrokenImage(kind != nullptr ? fmt::format("it is {} file, not a JPEG", kind) : "it is not a JPEG");
}

// Inks as Adobe stores them (255 is none), to light as Pillow computes it: black times each colour.
void inks_to_light(Bitmap& image) {
  for (int y = 0; y < image.height(); ++y) {
    std::uint8_t* pixel = image.row(y);
    for (int x = 0; x < image.width(); ++x, pixel += kBytesPerPixel) {
      const int light = pixel[3];
      for (int c = 0; c < 3; ++c) {
        const int product = (255 - pixel[c]) * light + 128;
        pixel[c] = static_cast<std::uint8_t>(light - ((product + (product >> 8)) >> 8));
      }
    }
  }
}

// After a call that returned an error. Warnings are about damage that the decoder has bridged.
void check_complete(tjhandle decoder, const JpegMarkers& markers) {
  const std::string problem = tjGetErrorStr2(decoder);
  if (!markers.has_end_marker || problem.find("Premature end of JPEG file") != std::string::npos) {
    throw BrokenImage("the file ends early");
  }
  if (tjGetErrorCode(decoder) != TJERR_WARNING) throw BrokenImage(problem);
}

Bitmap decode(tjhandle decoder, const std::string& file) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(file.data());
  const JpegMarkers markers = scan_jpeg_markers(bytes, file.size());
  int width = 0;
  int height = 0;
  int subsampling = -1;
  int colours = -1;
  const bool read =
      tjDecompressHeader3(decoder, bytes, file.size(), &width, &height, &subsampling, &colours) == 0;
  const bool known = width > 0 && height > 0 && colours >= 0;
  // A subsampling of colours that it has no name for fails, too, but can be decoded.
  if (!known || (!read && subsampling >= 0)) check_complete(decoder, markers);
  if (!known) throw BrokenImage("its header names no size");
  if (static_cast<double>(width) * height > kMostPixels) {
    throw BrokenImage(
        fmt::format("it claims {} x {} pixels, more than {:.0f} million", width, height, kMostPixels / 1e6));
  }
  const bool inks = colours == TJCS_CMYK || colours == TJCS_YCCK;
  Bitmap image(width, height);
  if (tjDecompress2(decoder, bytes, file.size(), image.row(0), width, static_cast<int>(image.stride()),
                    height, inks ? TJPF_CMYK : TJPF_RGBX, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) != 0) {
    check_complete(decoder, markers);
  }
  if (inks) inks_to_light(image);
  return turn_upright(std::move(image), markers.orientation);
}

}  // namespace

Bitmap decode_jpeg(const std::string& file) {
  check_is_jpeg(file);
  return decode(new_decoder().get(), file);
}

}  // namespace interlock::data
