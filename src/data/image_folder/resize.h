#pragma once
// Bilinear resizing with antialiasing, pixel for pixel as Pillow's and so as torchvision's on Pillow images:
// columns first, rounded to bytes, then rows. No torch.

#include "data/image_folder/bitmap.h"

namespace interlock::data {

// Cuts `source` out of `image`, resizes it to `width` x `height` and cuts `part` out of that; only that part
// is computed. REQUIRES windows within what they are cut out of, none empty.
Bitmap resize(const Bitmap& image, const Window& source, int width, int height, const Window& part);

}  // namespace interlock::data
