// Fuzzes what we read of JPEG files ourselves (segments, Exif), and the decoding of those of up to 256 x 256
// pixels by libjpeg-turbo with our handling of its errors. BrokenImage is the promised error here.

#include "data/image_folder/jpeg.h"

#include <turbojpeg.h>

#include "data/image_folder/exif.h"
#include "data/image_folder/jpeg_markers.h"
#include "reader.h"

namespace {

using namespace interlock;

bool is_small(const std::uint8_t* bytes, std::size_t size) {
  const tjhandle decoder = tjInitDecompress();  // one that has failed would not see the size
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  tjDecompressHeader3(decoder, bytes, size, &width, &height, &subsampling, &colours);
  tjDestroy(decoder);
  return width <= 256 && height <= 256;
}

void read(const std::uint8_t* bytes, std::size_t size) {
  const int orientation = data::exif_orientation(bytes, size);
  fuzz::require(orientation >= 1 && orientation <= 8, "an orientation that is none");
  const data::JpegMarkers markers = data::scan_jpeg_markers(bytes, size);
  fuzz::require(markers.orientation >= 1 && markers.orientation <= 8, "an orientation that is none");
  if (!is_small(bytes, size)) return;
  try {
    const data::Bitmap image = data::decode_jpeg(fuzz::text_of(bytes, size));
    fuzz::require(image.width() >= 1 && image.height() >= 1, "an image without pixels");
  } catch (const data::BrokenImage&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(data, size); });
}
