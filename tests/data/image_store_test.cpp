#include "data/image_store.h"

#include "common/error.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::data {
namespace {

using Bytes = std::vector<std::uint8_t>;

ImageStore two_images() {
  ImageStore store;
  store.channels = 1;
  store.height = 2;
  store.width = 4;
  store.classes = 3;
  store.pixels = {0, 1, 255, 255, 0, 1, 255, 254, /* second */ 10, 20, 1, 2, 30, 40, 3, 4};
  store.labels = {2, 1};
  return store;
}

TEST_CASE("downscaling averages blocks and rounds to nearest, a half upwards") {
  const ImageStore small = downscale(two_images(), 2);
  CHECK(small.height == 1);
  CHECK(small.width == 2);
  // 0.5 -> 1; 254.75 -> 255; 25; 2.5 -> 3
  CHECK(small.pixels == Bytes{1, 255, 25, 3});
  CHECK(small.labels == two_images().labels);
  CHECK(small.classes == 3);
}

TEST_CASE("downscaling keeps channels apart") {
  ImageStore store = two_images();
  store.channels = 2;
  store.labels = {0};
  CHECK(downscale(store, 2).pixels == Bytes{1, 255, 25, 3});
}

TEST_CASE("downscaling by 1 changes nothing, and by a number that does not divide is refused") {
  CHECK(downscale(two_images(), 1).pixels == two_images().pixels);
  const std::string message = test::message_of<UsageError>([] { downscale(two_images(), 4); });
  CHECK(message == "data.downscale: 4 does not divide the images' height 2 and width 4");
}

TEST_CASE("a limit keeps the first images, and 0 or a large one all") {
  ImageStore store = two_images();
  limit(store, 0);
  CHECK(store.size() == 2);
  limit(store, 5);
  CHECK(store.size() == 2);
  limit(store, 1);
  CHECK(store.size() == 1);
  CHECK(store.pixels == Bytes{0, 1, 255, 255, 0, 1, 255, 254});
  CHECK(store.labels == std::vector<std::int32_t>{2});
}

}  // namespace
}  // namespace interlock::data
