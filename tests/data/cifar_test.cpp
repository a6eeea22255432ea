#include "data/cifar.h"

#include <filesystem>

#include "common/error.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::data {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::message_of;
using test::TempFolder;

constexpr std::size_t kPixels = 3072;

// One CIFAR-10 record whose first and last pixel tell it apart.
std::string record(int label, int mark) {
  std::string bytes(1 + kPixels, '\0');
  bytes[0] = static_cast<char>(label);
  bytes[1] = static_cast<char>(mark);
  bytes[kPixels] = static_cast<char>(mark + 1);
  return bytes;
}

// Five training files of two records (labels 2f and 2f+1 of file f) and a test file of three.
void write_cifar10(const TempFolder& folder, const std::string& prefix = "") {
  for (int file = 0; file < 5; ++file) {
    folder.write(prefix + "data_batch_" + std::to_string(file + 1) + ".bin",
                 record(2 * file, 20 * file) + record(2 * file + 1, 20 * file + 10));
  }
  folder.write(prefix + "test_batch.bin", record(9, 200) + record(0, 210) + record(3, 220));
}

std::string cifar_refusal(const TempFolder& folder, std::int64_t limit = 0) {
  return message_of<DataError>([&] { read_cifar(CifarKind::k10, folder.path(), limit, 0); });
}

// All zeros, of the size of the published file; takes no room on disk.
void write_sparse(const TempFolder& folder, const std::string& name, std::uintmax_t bytes) {
  std::filesystem::resize_file(folder.write(name, ""), bytes);
}

TEST_CASE("CIFAR-10 records become images in file order, pixels and labels in place") {
  const TempFolder folder;
  write_cifar10(folder);
  const ImageSets sets = read_cifar(CifarKind::k10, folder.path(), 0, 0);
  CHECK(sets.train.labels == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(sets.eval.labels == std::vector<std::int32_t>{9, 0, 3});
  CHECK(sets.train.classes == 10);
  CHECK(sets.train.pixels.size() == 10 * kPixels);
  for (std::int64_t i = 0; i < 10; ++i) {
    CHECK(sets.train.image(i)[0] == 10 * i);
    CHECK(sets.train.image(i)[kPixels - 1] == 10 * i + 1);
  }
  CHECK(sets.eval.image(2)[0] == 220);
}

TEST_CASE("the folder that the archive unpacks to is found inside data.path") {
  const TempFolder folder;
  write_cifar10(folder, "cifar-10-batches-bin/");
  CHECK(read_cifar(CifarKind::k10, folder.path(), 0, 0).train.size() == 10);
}

TEST_CASE("CIFAR-100 takes the fine label") {
  const TempFolder folder;
  const auto record100 = [](int coarse, int fine) {
    return std::string(1, static_cast<char>(coarse)) + record(fine, 5);
  };
  folder.write("cifar-100-binary/train.bin", record100(19, 99) + record100(1, 42));
  folder.write("cifar-100-binary/test.bin", record100(0, 7));
  const ImageSets sets = read_cifar(CifarKind::k100, folder.path(), 0, 0);
  CHECK(sets.train.labels == std::vector<std::int32_t>{99, 42});
  CHECK(sets.train.classes == 100);
  CHECK(sets.train.image(1)[0] == 5);

  folder.write("cifar-100-binary/test.bin", record100(0, 7) + record100(0, 100));
  CHECK_THAT(message_of<DataError>([&] { read_cifar(CifarKind::k100, folder.path(), 0, 0); }),
             Contains("test.bin: byte 3075: label 100 of record 1"));
}

TEST_CASE("limits keep the first images and leave later files alone") {
  const TempFolder folder;
  write_cifar10(folder);
  std::filesystem::remove(folder.path_of("data_batch_3.bin"));
  folder.write("data_batch_4.bin", "rubbish");
  const ImageSets sets = read_cifar(CifarKind::k10, folder.path(), 3, 2);
  CHECK(sets.train.labels == std::vector<std::int32_t>{0, 1, 2});
  CHECK(sets.eval.size() == 2);
  CHECK(read_cifar(CifarKind::k10, folder.path(), 4, 0).train.size() == 4);
  CHECK_THAT(cifar_refusal(folder, 5), Contains("data_batch_3.bin: no such file"));
}

TEST_CASE("a missing folder or file is refused with the layout that is expected") {
  const TempFolder folder;
  CHECK_THAT(message_of<DataError>([&] { read_cifar(CifarKind::k10, folder.path_of("none"), 0, 0); }),
             StartsWith(folder.path_of("none") + ": no such folder") && Contains("data.path") &&
                 Contains("data_batch_1.bin") && Contains("cifar-10-batches-bin"));
  write_cifar10(folder);
  std::filesystem::remove(folder.path_of("test_batch.bin"));
  CHECK_THAT(cifar_refusal(folder),
             StartsWith(folder.path_of("test_batch.bin") + ": no such file") && Contains("data.path"));
}

TEST_CASE("an empty file and a file with part of a record are refused with the byte") {
  const TempFolder folder;
  write_cifar10(folder);
  folder.write("data_batch_2.bin", "");
  CHECK_THAT(cifar_refusal(folder),
             StartsWith(folder.path_of("data_batch_2.bin") + ": byte 0: the file is empty"));
  folder.write("data_batch_2.bin", record(1, 1) + record(2, 2).substr(0, 100));
  CHECK_THAT(cifar_refusal(folder),
             StartsWith(folder.path_of("data_batch_2.bin") + ": byte 3073: record 1 has only 100 bytes"));
}

TEST_CASE("a label out of range is refused with file, byte and record") {
  const TempFolder folder;
  write_cifar10(folder);
  folder.write("data_batch_5.bin", record(1, 1) + record(10, 2));
  CHECK_THAT(cifar_refusal(folder),
             StartsWith(folder.path_of("data_batch_5.bin") + ": byte 3073: label 10 of record 1") &&
                 Contains("0 to 9"));
}

TEST_CASE("a file of whole records is refused as incomplete beside one of the published size") {
  const TempFolder folder;
  write_cifar10(folder);
  write_sparse(folder, "data_batch_1.bin", 30'730'000);
  write_sparse(folder, "test_batch.bin", 15'365'000);
  CHECK_THAT(cifar_refusal(folder, 10), StartsWith(folder.path_of("test_batch.bin") +
                                                   ": byte 15365000: the file has 5000 records where the "
                                                   "published one has 10000"));
  write_sparse(folder, "test_batch.bin", 30'730'000);
  CHECK(read_cifar(CifarKind::k10, folder.path(), 10, 0).eval.size() == 10'000);
  CHECK_THAT(cifar_refusal(folder, 10'001), Contains("data_batch_2.bin: byte 6146: the file has 2 records"));
}

}  // namespace
}  // namespace interlock::data
