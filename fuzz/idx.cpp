// Fuzzes idx files of images and labels, plain and gzip. The input: one byte of choices, two bytes for the
// length of the images' file, that file, the labels' file. Both serve as training and as evaluation files.

#include "data/idx.h"

#include "reader.h"

namespace {

using namespace interlock;

void check(const data::ImageStore& store) {
  fuzz::require(static_cast<std::int64_t>(store.pixels.size()) == store.size() * store.image_bytes(),
                "images without all of their pixels");
  for (const std::int32_t label : store.labels)
    fuzz::require(label >= 0 && label < store.classes, "a label out of range");
}

void read(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return;
  static const fuzz::Folder folder;
  const bool packed = data[0] % 2 == 1;
  const std::size_t images = std::min<std::size_t>(data[1] | data[2] << 8, size - 3);
  for (const char* split : {"train", "t10k"}) {
    const std::string start = split;
    std::filesystem::remove(folder.path() + "/" + start + "-images-idx3-ubyte" + (packed ? "" : ".gz"));
    folder.write(start + "-images-idx3-ubyte" + (packed ? ".gz" : ""), data + 3, images);
    folder.write(start + "-labels-idx1-ubyte", data + 3 + images, size - 3 - images);
  }
  const data::ImageSets sets =
      data::read_idx(folder.path(), data[0] / 4 % 4, data[0] / 16, data[0] / 2 % 2 == 0);
  check(sets.train);
  check(sets.eval);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(data, size); });
}
