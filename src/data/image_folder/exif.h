#pragma once
// Which way up a camera held an image: the orientation that Exif data in a JPEG file give. No torch.

#include <cstddef>
#include <cstdint>

#include "data/image_folder/bitmap.h"

namespace interlock::data {

// The orientation 1 .. 8 in TIFF-structured Exif data (what follows "Exif\0\0" in the segment); 1, upright,
// where there is none or anything is wrong. Trusts nothing: never reads outside `bytes`.
int exif_orientation(const std::uint8_t* bytes, std::size_t size);

// The image as it is to be looked at. REQUIRES orientation 1 .. 8.
Bitmap turn_upright(Bitmap image, int orientation);

}  // namespace interlock::data
