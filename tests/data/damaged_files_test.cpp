// Image and tensor files damaged at random. What the file itself shows to be wrong is refused with file and
// byte; a flipped bit of a pixel, of a label that stays in range, or of a number among tensors shows nowhere:
// these formats have no checksum. The test says which is which.

#include <cstring>

#include <ATen/ops/empty.h>
#include <zlib.h>

#include "common/error.h"
#include "data/cifar.h"
#include "data/idx.h"
#include "data/idx_support.h"
#include "data/tensor_samples.h"
#include "storage/safetensors.h"
#include "support/damage.h"
#include "support/temp_folder.h"

namespace interlock::data {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::big_endian;
using test::Damage;
using test::for_random_damage;
using test::refusal_of;
using test::TempFolder;

constexpr int kTimes = 1200;

std::string pixels(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(i * i / 7));
  return bytes;
}

void check_damaged_cifar(CifarKind kind, const TempFolder& folder, const std::string& name,
                         std::size_t record, std::size_t label_at, int classes) {
  const std::string whole = test::content_of(folder.path_of(name));
  int refused = 0;
  const auto check = [&](const Damage& damage) {
    folder.write(name, damage.content);
    ImageSets sets;
    const std::string message = refusal_of<DataError>([&] { sets = read_cifar(kind, folder.path(), 0, 0); });
    const bool is_label = damage.kind == Damage::Kind::kFlip && damage.at % record == label_at;
    const bool out_of_range =
        is_label && static_cast<unsigned char>(damage.content[damage.at]) >= static_cast<unsigned>(classes);
    const bool shows =
        damage.kind == Damage::Kind::kCut ? damage.at % record != 0 || damage.at == 0 : out_of_range;
    REQUIRE((message.empty() ? "" : "refused") == std::string(shows ? "refused" : ""));
    if (!shows) return;
    ++refused;
    CHECK_THAT(message, StartsWith(folder.path_of(name) + ": byte "));
    if (is_label) CHECK_THAT(message, Contains(fmt::format(": byte {}: label ", damage.at)));
  };
  for_random_damage(whole, kTimes, check);
  // One byte in 3,073 is a label: these are looked for.
  for (std::size_t at = label_at; at < whole.size(); at += record)
    for_random_damage(whole, 24, check, at, at + 1);
  CHECK(refused > kTimes / 4);
  folder.write(name, whole);
}

TEST_CASE("CIFAR files: what is cut off within a record or no class is refused with file and byte") {
  const TempFolder folder;
  const auto record = [](const std::string& label) { return label + pixels(3072); };
  for (const char* name : {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                           "data_batch_5.bin", "test_batch.bin"})
    folder.write(name, record("\x03") + record("\x09") + record("\x05"));
  check_damaged_cifar(CifarKind::k10, folder, "data_batch_4.bin", 3073, 0, 10);
  check_damaged_cifar(CifarKind::k10, folder, "test_batch.bin", 3073, 0, 10);
  folder.write("train.bin", record("\x07\x63") + record("\x01\x02"));
  folder.write("test.bin", record("\x07\x63"));
  check_damaged_cifar(CifarKind::k100, folder, "train.bin", 3074, 1, 100);
}

TEST_CASE("idx files: any flipped bit of a header and any missing byte is refused with file and byte") {
  const TempFolder folder;
  const std::string images = big_endian(0x803) + big_endian(20) + big_endian(4) + big_endian(3) + pixels(240);
  std::string labels = big_endian(0x801) + big_endian(20);
  for (char i = 0; i < 20; ++i) labels.push_back(static_cast<char>(i % 10));
  for (const char* split : {"train", "t10k"}) {
    folder.write(std::string(split) + "-images-idx3-ubyte", images);
    folder.write(std::string(split) + "-labels-idx1-ubyte", labels);
  }
  const auto check_file = [&](const std::string& name, std::size_t header, bool has_labels) {
    const std::string whole = test::content_of(folder.path_of(name));
    const auto check = [&](const Damage& damage) {
      folder.write(name, damage.content);
      const std::string message = refusal_of<DataError>([&] { read_idx(folder.path(), 0, 0); });
      // A new largest training label makes a new class, so only evaluation labels can be out of range.
      const bool no_class = has_labels && name[0] == 't' && name[1] == '1' && damage.at >= header &&
                            static_cast<unsigned char>(damage.content[damage.at]) >= 10;
      if (damage.kind == Damage::Kind::kCut || damage.at < header || no_class) {
        REQUIRE_THAT(message, Contains(": byte ") && Contains(name));
      } else {
        REQUIRE(message.empty());
      }
    };
    for_random_damage(whole, kTimes / 4, check);
    for_random_damage(whole, kTimes / 4, check, 0, header);
    folder.write(name, whole);
  };
  check_file("train-images-idx3-ubyte", 16, false);
  check_file("train-labels-idx1-ubyte", 8, true);
  check_file("t10k-images-idx3-ubyte", 16, false);
  check_file("t10k-labels-idx1-ubyte", 8, true);
}

TEST_CASE("packed idx files: gzip's checksum finds any damage but that of what is no content") {
  const TempFolder folder;
  const std::string images =
      big_endian(0x803) + big_endian(500) + big_endian(4) + big_endian(3) + pixels(6000);
  folder.write("train-labels-idx1-ubyte", big_endian(0x801) + big_endian(500) + std::string(500, '\x02'));
  const std::string path = folder.path_of("train-images-idx3-ubyte.gz");
  const gzFile file = ::gzopen(path.c_str(), "wb");
  REQUIRE(::gzwrite(file, images.data(), static_cast<unsigned>(images.size())) ==
          static_cast<int>(images.size()));
  REQUIRE(::gzclose(file) == Z_OK);
  const std::vector<std::uint8_t> expected(images.begin() + 16, images.end());
  int refused = 0;
  for_random_damage(test::content_of(path), kTimes, [&](const Damage& damage) {
    folder.write("train-images-idx3-ubyte.gz", damage.content);
    ImageSets sets;
    const std::string message =
        refusal_of<DataError>([&] { sets = read_idx(folder.path(), 0, 0, /*with_eval=*/false); });
    if (message.empty()) {
      REQUIRE(sets.train.pixels == expected);
    } else {
      ++refused;
      REQUIRE_THAT(message, StartsWith(path + ": byte "));
    }
  });
  CHECK(refused > kTimes * 9 / 10);
}

// Whether both were read as the same, but for numbers that are in range in both.
bool alike(const TensorSamples& a, const TensorSamples& b) {
  return a.inputs.sizes() == b.inputs.sizes() && a.targets.sizes() == b.targets.sizes() &&
         a.inputs.scalar_type() == b.inputs.scalar_type() &&
         a.targets.scalar_type() == b.targets.scalar_type();
}

TEST_CASE("safetensors data: any missing byte and any header that says something else is refused") {
  const TempFolder folder;
  at::Tensor inputs = at::empty({6, 3}, at::TensorOptions(at::kFloat)).fill_(1.5);
  at::Tensor targets = at::empty({6}, at::TensorOptions(at::kLong)).fill_(2);
  const std::string path = folder.path_of("train.safetensors");
  storage::write_safetensors(path, {{{"inputs", inputs}, {"targets", targets}}, {{"made by", "a test"}}});
  const TensorSamples expected = read_tensor_samples(path, config::LossKind::kCrossEntropy);
  const std::string whole = test::content_of(path);
  std::uint64_t length = 0;
  std::memcpy(&length, whole.data(), sizeof(length));
  const std::size_t header = sizeof(length) + length;
  int refused = 0;
  const auto check = [&](const Damage& damage) {
    folder.write("train.safetensors", damage.content);
    TensorSamples found;
    const std::string message =
        refusal_of<DataError>([&] { found = read_tensor_samples(path, config::LossKind::kCrossEntropy); });
    if (!message.empty()) {
      ++refused;
      REQUIRE_THAT(message, StartsWith(path + ": byte ") || StartsWith(path + ": tensor ") ||
                                StartsWith(path + ": no tensor "));
      return;
    }
    REQUIRE(damage.kind == Damage::Kind::kFlip);
    REQUIRE(alike(found, expected));
    if (damage.at < header) REQUIRE((found.inputs.equal(inputs) && found.targets.equal(targets)));
  };
  for_random_damage(whole, kTimes, check);
  CHECK(refused > kTimes / 3);
  refused = 0;
  for_random_damage(whole, kTimes, check, 0, header);
  CHECK(refused > kTimes * 3 / 4);
}

}  // namespace
}  // namespace interlock::data
