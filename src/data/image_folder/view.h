#pragma once
// Which part of an image a sample shows, and at what size: torchvision's RandomResizedCrop, and its Resize
// followed by CenterCrop. Pure arithmetic, no torch.

#include <cstdint>
#include <vector>

#include "common/random.h"
#include "data/image_folder/bitmap.h"

namespace interlock::data {

// How to make a sample of size x size pixels of an image: cut out `source`, resize it to `width` x `height`,
// cut out `part`, and put that at (left, top) of the sample, mirrored where `flipped`. What is left of the
// sample is black.
struct ImageView {
  Window source;
  int width = 0;
  int height = 0;
  Window part;
  int left = 0;
  int top = 0;
  bool flipped = false;
};

struct RandomCrop {
  std::vector<double> area = {0.08, 1.0};         // smallest and largest fraction of the image
  std::vector<double> ratio = {0.75, 4.0 / 3.0};  // of width / height, drawn evenly on a logarithmic scale
  bool flip = false;                              // mirrors every second one
};

// Ten tries to draw a crop that fits into the image, else the largest central one of an allowed ratio;
// resized to size x size. REQUIRES width, height, size >= 1.
ImageView random_resized_crop(int width, int height, int size, const RandomCrop& crop, SplitMix64& random);

// The shorter side resized to `resize`, then size x size from the centre. REQUIRES all >= 1.
ImageView centre_crop(int width, int height, int resize, int size);

}  // namespace interlock::data
