// Fuzzes CIFAR files: each byte of the input but the first makes a file's end or a label, since a record's
// 3,072 pixels mean nothing to the reader. The first byte chooses the data set and the limits.

#include "data/cifar.h"

#include <vector>

#include "reader.h"

namespace {

using namespace interlock;

constexpr std::size_t kPixels = 3072;

// Records whose labels are `labels`, the last one cut off `missing` bytes early.
std::vector<std::uint8_t> records(const std::uint8_t* labels, std::size_t count, std::size_t label_bytes,
                                  std::size_t missing) {
  std::vector<std::uint8_t> file;
  for (std::size_t i = 0; i + label_bytes <= count; i += label_bytes) {
    file.insert(file.end(), labels + i, labels + i + label_bytes);
    file.resize(file.size() + kPixels, labels[i]);
  }
  file.resize(file.size() - std::min(file.size(), missing));
  return file;
}

void check(const data::ImageStore& store) {
  fuzz::require(static_cast<std::int64_t>(store.pixels.size()) == store.size() * store.image_bytes(),
                "images without all of their pixels");
  for (const std::int32_t label : store.labels)
    fuzz::require(label >= 0 && label < store.classes, "a label out of range");
}

void read(const std::uint8_t* data, std::size_t size) {
  if (size < 8) return;
  const bool ten = data[0] % 2 == 0;
  const fuzz::Folder folder;
  const auto write = [&](const std::string& name, std::size_t number) {
    const std::size_t share = (size - 7) / (ten ? 6 : 2);
    const std::vector<std::uint8_t> file = records(data + 7 + number * share, share, ten ? 1 : 2,
                                                   data[1 + number] % 7 == 0 ? data[1 + number] : 0);
    folder.write(name, file.data(), file.size());
  };
  if (ten) {
    for (std::size_t i = 0; i < 5; ++i) write("data_batch_" + std::to_string(i + 1) + ".bin", i);
    write("test_batch.bin", 5);
  } else {
    write("train.bin", 0);
    write("test.bin", 1);
  }
  const data::ImageSets sets =
      data::read_cifar(ten ? data::CifarKind::k10 : data::CifarKind::k100, folder.path(), data[0] / 4 % 8,
                       data[0] / 32, data[0] / 2 % 2 == 0);
  check(sets.train);
  check(sets.eval);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(data, size); });
}
