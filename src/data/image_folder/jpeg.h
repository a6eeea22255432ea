#pragma once
// JPEG files into memory: colour, grayscale, CMYK, baseline and progressive, turned upright. No torch.

#include <stdexcept>
#include <string>

#include "data/image_folder/bitmap.h"

namespace interlock::data {

// A file that is no readable JPEG: what() says why, without the file's name.
class BrokenImage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr double kMostPixels = 1e8;  // of one image: 400 MB once decoded

// Decodes with the accurate transform and smooth upsampling of colours, so pixel for pixel what Pillow and
// torchvision show; CMYK becomes RGB by Pillow's formula. Damage that leaves the file complete is no error,
// as there. Any thread may call; each keeps a decoder.
// Errors: BrokenImage where `file` is empty, not a JPEG, cut off, damaged beyond reading, or larger than
// kMostPixels.
Bitmap decode_jpeg(const std::string& file);

}  // namespace interlock::data
