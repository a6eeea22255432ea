#include "data/image_folder/view.h"

#include <algorithm>
#include <cmath>

#include "support/catch.h"

namespace interlock::data {
namespace {

TEST_CASE(
    "the shorter side is resized and the longer one follows, its fraction dropped; the crop is central") {
  const ImageView wide = centre_crop(500, 375, 256, 224);
  CHECK(wide.width == 341);  // 341.33
  CHECK(wide.height == 256);
  CHECK(wide.part.left == 58);  // 58.5, to the even number as Python rounds
  CHECK(wide.part.top == 16);
  CHECK(wide.part.width == 224);
  const ImageView high = centre_crop(375, 499, 256, 223);
  CHECK(high.width == 256);
  CHECK(high.height == 340);
  CHECK(high.part.left == 16);  // 16.5
  CHECK(high.part.top == 58);   // 58.5
  CHECK(high.source.width == 375);
  CHECK_FALSE(high.flipped);
}

TEST_CASE("an image smaller than the crop keeps a border, the odd pixel of it at the right and below") {
  const ImageView view = centre_crop(100, 200, 50, 65);
  CHECK(view.width == 50);
  CHECK(view.height == 100);
  CHECK(view.left == 7);
  CHECK(view.part.width == 50);
  CHECK(view.part.top == 18);  // 17.5
  CHECK(view.part.height == 65);
  CHECK(view.top == 0);
}

TEST_CASE("random crops fit, keep area and ratio in their ranges, and differ") {
  const RandomCrop crop{{0.2, 0.6}, {0.5, 2}, true};
  SplitMix64 random(7);
  std::vector<int> lefts;
  int flipped = 0;
  for (int i = 0; i < 2000; ++i) {
    const ImageView view = random_resized_crop(400, 300, 64, crop, random);
    const Window& source = view.source;
    REQUIRE((source.left >= 0 && source.top >= 0));
    REQUIRE((source.left + source.width <= 400 && source.top + source.height <= 300));
    const double area = source.width * source.height / 120000.0;
    CHECK((area > 0.195 && area < 0.605));
    const double ratio = static_cast<double>(source.width) / source.height;
    CHECK((ratio > 0.49 && ratio < 2.05));
    CHECK(view.part.width == 64);
    lefts.push_back(source.left);
    flipped += view.flipped ? 1 : 0;
  }
  std::sort(lefts.begin(), lefts.end());
  CHECK(std::unique(lefts.begin(), lefts.end()) - lefts.begin() > 100);
  CHECK((flipped > 900 && flipped < 1100));
}

TEST_CASE("where no crop of the ratio fits, the largest central one is taken") {
  const RandomCrop crop{{1, 1}, {0.75, 4.0 / 3}, false};
  SplitMix64 random(1);
  const ImageView wide = random_resized_crop(1000, 90, 32, crop, random);
  CHECK(wide.source.width == 120);
  CHECK(wide.source.height == 90);
  CHECK(wide.source.left == 440);
  const ImageView high = random_resized_crop(90, 1000, 32, crop, random);
  CHECK(high.source.width == 90);
  CHECK(high.source.height == 120);
  const ImageView thin = random_resized_crop(1, 60000, 32, crop, random);
  CHECK((thin.source.width == 1 && thin.source.height == 1));
}

TEST_CASE("a fixed area and ratio always show the whole of a fitting image") {
  SplitMix64 random(1);
  const ImageView view = random_resized_crop(60, 40, 32, {{1, 1}, {1.5, 1.5}, false}, random);
  CHECK((view.source.left == 0 && view.source.top == 0));
  CHECK((view.source.width == 60 && view.source.height == 40));
}

}  // namespace
}  // namespace interlock::data
