#include "data/image_dataset.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "common/error.h"
#include "data/shapes.h"
#include "support/catch.h"

namespace interlock::data {
namespace {

const Normalisation kPlain = {{0, 0, 0}, {1.0 / 255, 1.0 / 255, 1.0 / 255}};  // values are the bytes

ImageDataset shapes_with(const Augmentation& augmentation) {
  return {draw_shapes(1, ShapesSplit::kTrain, 40, 8), kPlain, augmentation};
}

// One image of one channel, 4 x 4, holding 1 .. 16.
ImageStore counting_image() {
  ImageStore store;
  store.channels = 1;
  store.height = store.width = 4;
  store.classes = 1;
  store.labels = {0};
  store.pixels.resize(16);
  std::iota(store.pixels.begin(), store.pixels.end(), std::uint8_t{1});
  return store;
}

std::vector<int> pixels_of(const Batch& batch) {
  std::vector<int> pixels;
  for (std::int64_t i = 0; i < batch.inputs.numel(); ++i) {
    pixels.push_back(static_cast<int>(batch.inputs.const_data_ptr<float>()[i] + 0.5F));
  }
  return pixels;
}

// The counting image seen through a window moved by (down, right), black outside, then mirrored.
std::vector<int> window(int down, int right, bool flipped) {
  std::vector<int> pixels;
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x) {
      const int row = y + down;
      const int column = (flipped ? 3 - x : x) + right;
      pixels.push_back(row >= 0 && row < 4 && column >= 0 && column < 4 ? 1 + 4 * row + column : 0);
    }
  }
  return pixels;
}

TEST_CASE("bytes become (byte / 255 - mean) / deviation, channel by channel, in the order asked for") {
  ImageStore store;
  store.channels = 2;
  store.height = 1;
  store.width = 2;
  store.classes = 8;
  store.pixels = {0, 255, 51, 102, /* second */ 255, 0, 0, 204};
  store.labels = {7, 3};
  const ImageDataset dataset(store, {{0.5, 0.2}, {0.25, 0.1}}, {});
  const Batch batch = dataset.load({1, 0, 1}, 0);
  CHECK(batch.inputs.sizes().vec() == std::vector<std::int64_t>{3, 2, 1, 2});
  CHECK(batch.inputs.scalar_type() == at::kFloat);
  CHECK(batch.inputs.is_contiguous());
  CHECK(batch.targets.scalar_type() == at::kLong);
  const float expected[] = {2, -2, -2, 6, -2, 2, 0, 2, 2, -2, -2, 6};
  for (int i = 0; i < 12; ++i)
    CHECK(batch.inputs.const_data_ptr<float>()[i] == Approx(expected[i]).margin(1e-5));
  CHECK(batch.targets[0].item<std::int64_t>() == 3);
  CHECK(batch.targets[1].item<std::int64_t>() == 7);
}

TEST_CASE("a batch of no samples has no rows") {
  CHECK(shapes_with({}).load({}, 0).inputs.sizes().vec() == std::vector<std::int64_t>{0, 3, 8, 8});
}

TEST_CASE("without augmentation every epoch shows the same images") {
  const ImageDataset dataset = shapes_with({});
  CHECK(dataset.load({0, 5}, 0).inputs.equal(dataset.load({0, 5}, 1).inputs));
}

TEST_CASE("an augmented sample looks the same whatever batch it falls into, and new in the next epoch") {
  const ImageDataset dataset = shapes_with({2, true, 9});
  const Batch together = dataset.load({3, 11, 25, 0}, 4);
  CHECK(together.inputs[2].equal(dataset.load({25}, 4).inputs[0]));
  CHECK(together.inputs[0].equal(dataset.load({0, 3}, 4).inputs[1]));
  CHECK_FALSE(together.inputs.equal(dataset.load({3, 11, 25, 0}, 5).inputs));
  CHECK_FALSE(together.inputs.equal(shapes_with({2, true, 10}).load({3, 11, 25, 0}, 4).inputs));
}

TEST_CASE("crops are windows onto the padded image, and every place and side comes up") {
  std::set<std::vector<int>> possible;
  for (int down = -1; down <= 1; ++down) {
    for (int right = -1; right <= 1; ++right) {
      possible.insert(window(down, right, false));
      possible.insert(window(down, right, true));
    }
  }
  REQUIRE(possible.size() == 18);
  const ImageDataset dataset(counting_image(), {{0}, {1.0 / 255}}, {1, true, 1});
  std::set<std::vector<int>> seen;
  for (std::int64_t epoch = 0; epoch < 500; ++epoch) seen.insert(pixels_of(dataset.load({0}, epoch)));
  CHECK(seen == possible);
}

TEST_CASE("the padding of a crop is black before normalisation") {
  const ImageDataset dataset(counting_image(), {{0.5}, {0.25}}, {3, false, 1});
  float least = 0;
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    least = std::min(least, dataset.load({0}, epoch).inputs.min().item<float>());
  }
  CHECK(least == Approx(-2));
}

TEST_CASE("flips alone mirror about half of the samples") {
  const ImageDataset dataset(counting_image(), {{0}, {1.0 / 255}}, {0, true, 1});
  int mirrored = 0;
  for (std::int64_t epoch = 0; epoch < 400; ++epoch) {
    const std::vector<int> pixels = pixels_of(dataset.load({0}, epoch));
    const bool flipped = pixels == window(0, 0, true);
    REQUIRE((flipped || pixels == window(0, 0, false)));
    mirrored += flipped ? 1 : 0;
  }
  CHECK(mirrored > 150);
  CHECK(mirrored < 250);
}

TEST_CASE("a sample number out of range is our bug") {
  CHECK_THROWS_AS(shapes_with({}).load({40}, 0), BrokenInvariant);
  CHECK_THROWS_AS(shapes_with({}).load({-1}, 0), BrokenInvariant);
}

}  // namespace
}  // namespace interlock::data
