#include "data/idx.h"

#include <filesystem>

#include <zlib.h>

#include "common/error.h"
#include "data/idx_support.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::data {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::big_endian;
using test::content_of;
using test::message_of;
using test::TempFolder;

std::string images_file(std::uint32_t count, std::uint32_t height, std::uint32_t width,
                        const std::string& pixels) {
  return big_endian(0x803) + big_endian(count) + big_endian(height) + big_endian(width) + pixels;
}

std::string labels_file(const std::string& labels) {
  return big_endian(0x801) + big_endian(static_cast<std::uint32_t>(labels.size())) + labels;
}

const std::string kTrainImages = "train-images-idx3-ubyte";
const std::string kTrainLabels = "train-labels-idx1-ubyte";
const std::string kEvalImages = "t10k-images-idx3-ubyte";
const std::string kEvalLabels = "t10k-labels-idx1-ubyte";

// Three training and two evaluation images of 2 x 3.
void write_mnist(const TempFolder& folder) {
  folder.write(kTrainImages, images_file(3, 2, 3, "abcdefghijklmnopqr"));
  folder.write(kTrainLabels, labels_file(std::string("\x00\x09\x05", 3)));
  folder.write(kEvalImages, images_file(2, 2, 3, "ABCDEFGHIJKL"));
  folder.write(kEvalLabels, labels_file("\x01\x02"));
}

void write_gzip(const std::string& path, const std::string& content) {
  const gzFile file = ::gzopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  REQUIRE(::gzwrite(file, content.data(), static_cast<unsigned>(content.size())) ==
          static_cast<int>(content.size()));
  REQUIRE(::gzclose(file) == Z_OK);
}

ImageSets read(const TempFolder& folder) {
  return read_idx(folder.path(), 0, 0);
}

std::string idx_refusal(const TempFolder& folder) {
  return message_of<DataError>([&] { read(folder); });
}

TEST_CASE("idx files become grey images and labels") {
  const TempFolder folder;
  write_mnist(folder);
  const ImageSets sets = read(folder);
  CHECK(sets.train.channels == 1);
  CHECK(sets.train.height == 2);
  CHECK(sets.train.width == 3);
  CHECK(sets.train.classes == 10);
  CHECK(sets.train.labels == std::vector<std::int32_t>{0, 9, 5});
  CHECK(std::string(sets.train.pixels.begin(), sets.train.pixels.end()) == "abcdefghijklmnopqr");
  CHECK(sets.eval.labels == std::vector<std::int32_t>{1, 2});
  CHECK(*sets.eval.image(1) == 'G');
}

TEST_CASE("packed files, and names with a dot, read the same as plain ones") {
  const TempFolder plain;
  write_mnist(plain);
  const TempFolder other;
  write_gzip(other.path_of(kTrainImages + ".gz"), content_of(plain.path_of(kTrainImages)));
  write_gzip(other.path_of("train-labels.idx1-ubyte.gz"), content_of(plain.path_of(kTrainLabels)));
  other.write("t10k-images.idx3-ubyte", content_of(plain.path_of(kEvalImages)));
  other.write(kEvalLabels, content_of(plain.path_of(kEvalLabels)));
  const ImageSets expected = read(plain);
  const ImageSets found = read(other);
  CHECK(found.train.pixels == expected.train.pixels);
  CHECK(found.train.labels == expected.train.labels);
  CHECK(found.eval.pixels == expected.eval.pixels);
}

TEST_CASE("idx limits keep the first images") {
  const TempFolder folder;
  write_mnist(folder);
  const ImageSets sets = read_idx(folder.path(), 2, 1);
  CHECK(sets.train.labels == std::vector<std::int32_t>{0, 9});
  CHECK(sets.train.pixels.size() == 12);
  CHECK(sets.eval.size() == 1);
}

TEST_CASE("training labels beyond 9 make more classes, evaluation labels beyond them are refused") {
  const TempFolder folder;
  write_mnist(folder);
  folder.write(kEvalLabels, labels_file("\x01\x0a"));
  CHECK_THAT(idx_refusal(folder),
             StartsWith(folder.path_of(kEvalLabels) + ": byte 9: label 10 is not a class"));
  folder.write(kTrainLabels, labels_file("\x01\x02\x19"));
  CHECK(read(folder).train.classes == 26);
  CHECK(read(folder).eval.classes == 26);
}

TEST_CASE("a missing folder or file is refused with the names that are looked for") {
  const TempFolder folder;
  CHECK_THAT(message_of<DataError>([&] { read_idx(folder.path_of("none"), 0, 0); }),
             StartsWith(folder.path_of("none") + ": no such folder") && Contains("data.path"));
  write_mnist(folder);
  std::filesystem::remove(folder.path_of(kEvalImages));
  CHECK_THAT(idx_refusal(folder), StartsWith(folder.path_of(kEvalImages) + ": no such file") &&
                                      Contains("t10k-images.idx3-ubyte.gz") && Contains("data.path"));
}

TEST_CASE("a wrong magic number is refused at byte 0") {
  const TempFolder folder;
  write_mnist(folder);
  folder.write(kTrainImages, labels_file("abc"));
  CHECK_THAT(idx_refusal(folder),
             StartsWith(folder.path_of(kTrainImages) + ": byte 0: starts with 0x00000801"));
}

TEST_CASE("an idx file that is cut off, goes on too long or claims too much is refused with the byte") {
  const TempFolder folder;
  write_mnist(folder);
  const std::string path = folder.path_of(kTrainImages);
  folder.write(kTrainImages, images_file(3, 2, 3, "abcdefghijklmnopq"));
  CHECK_THAT(idx_refusal(folder), StartsWith(path + ": byte 33: the file ends here, 1 bytes early"));
  folder.write(kTrainImages, images_file(3, 2, 3, "abcdefghijklmnopqrs"));
  CHECK_THAT(idx_refusal(folder), StartsWith(path + ": byte 34: the file goes on"));
  folder.write(kTrainImages, big_endian(0x803) + "\x01");
  CHECK_THAT(idx_refusal(folder), StartsWith(path + ": byte 5: the file ends here, 3 bytes early"));
  folder.write(kTrainImages, "");
  CHECK_THAT(idx_refusal(folder), StartsWith(path + ": byte 0: the file ends here"));
  folder.write(kTrainImages, images_file(0, 2, 3, ""));
  CHECK_THAT(idx_refusal(folder), StartsWith(path + ": byte 4: a dimension is 0"));
  folder.write(kTrainImages, images_file(0xffffffff, 0xffffffff, 0xffffffff, "a"));
  CHECK_THAT(idx_refusal(folder), Contains("the dimensions are too large"));
  // No memory is set aside for a claim that the file does not keep.
  folder.write(kTrainImages, images_file(0xffffffff, 0x7fff, 0x7fff, "a"));
  CHECK_THAT(idx_refusal(folder), Contains(": byte 17: the file ends here"));
}

TEST_CASE("images and labels that differ in number are refused") {
  const TempFolder folder;
  write_mnist(folder);
  folder.write(kTrainLabels, labels_file("\x01\x02"));
  CHECK_THAT(idx_refusal(folder),
             StartsWith(folder.path_of(kTrainLabels) + ": byte 4: 2 labels for the 3 images"));
}

TEST_CASE("evaluation images of another size are refused") {
  const TempFolder folder;
  write_mnist(folder);
  folder.write(kEvalImages, images_file(2, 3, 2, "ABCDEFGHIJKL"));
  CHECK_THAT(idx_refusal(folder), Contains("images are 3 x 2, but the training images 2 x 3"));
}

TEST_CASE("damaged or cut gzip data are refused") {
  const TempFolder folder;
  write_mnist(folder);
  const std::string path = folder.path_of(kTrainImages + ".gz");
  std::string pixels;
  for (int i = 0; i < 60000; ++i) pixels.push_back(static_cast<char>(i * i / 7));
  write_gzip(path, images_file(10000, 2, 3, pixels));
  std::filesystem::remove(folder.path_of(kTrainImages));
  const std::string whole = content_of(path);

  folder.write(kTrainImages + ".gz", whole.substr(0, whole.size() / 2));
  CHECK_THAT(idx_refusal(folder), StartsWith(path + ": byte ") && Contains("damaged or cut off"));
  folder.write(kTrainImages + ".gz", whole.substr(0, whole.size() - 1));
  CHECK_THAT(idx_refusal(folder), StartsWith(path + ": byte "));
  std::string flipped = whole;
  flipped[whole.size() - 6] = static_cast<char>(flipped[whole.size() - 6] ^ 1);  // in the checksum
  folder.write(kTrainImages + ".gz", flipped);
  CHECK_THAT(idx_refusal(folder), StartsWith(path + ": byte ") && Contains("damaged or cut off"));
}

}  // namespace
}  // namespace interlock::data
