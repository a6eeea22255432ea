// No changed, cut or lengthened shard or manifest is ever taken for a good one.

#include <filesystem>
#include <random>

#include "common/error.h"
#include "save_support.h"
#include "storage/manifest.h"

namespace interlock::storage {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using test::content_of;
using test::message_of;
using test::TempFolder;

// A checkpoint with one file to spoil.
struct Patient {
  explicit Patient(std::size_t which) : directory(test::save(run.path(), 7, 2, 3)) {
    manifest = read_manifest(directory);
    path = directory + "/" + (which < 2 ? manifest.shards[which].file : "manifest.json");
    good = content_of(path);
  }
  void spoil(const std::string& bad) const { std::ofstream(path, std::ios::binary | std::ios::trunc) << bad; }

  TempFolder run;
  std::string directory, path, good;
  Manifest manifest;
};

std::string flipped(std::string bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  return bytes;
}

// Calls `check` with each single bit of the file flipped, one after the other.
template <typename Check>
void with_every_bit_flipped(const std::string& path, const Check& check) {
  const std::string good = content_of(path);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const auto put = [&](std::size_t at, char byte) {
    file.seekp(static_cast<std::streamoff>(at)).put(byte).flush();
    REQUIRE(file.good());
  };
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    INFO("bit " << bit);
    put(bit / 8, flipped(good, bit)[bit / 8]);
    check();
    put(bit / 8, good[bit / 8]);
  }
}

// Reads with the manifest as it was: the shard must be found out by itself. Both ways of reading.
void check_shard_is_refused(const Patient& patient, bool same_size) {
  const std::string reading =
      message_of<DataError>([&] { test::read_all(patient.directory, patient.manifest); });
  const std::string checking =
      message_of<DataError>([&] { check_shards(patient.directory, patient.manifest); });
  for (const std::string& message : {reading, checking}) {
    CHECK_THAT(message, Contains(patient.path) && Contains("byte "));
    if (same_size) CHECK_THAT(message, Contains("header") || Contains("tensor '"));
  }
  if (!same_size)
    CHECK_THAT(message_of<DataError>([&] { read_manifest(patient.directory); }), Contains(patient.path));
}

TEST_CASE("every single flipped bit of a shard is found, and the tensor or the header named") {
  const Patient patient(1);
  REQUIRE(patient.good.size() * 8 > 1000);
  with_every_bit_flipped(patient.path, [&] { check_shard_is_refused(patient, true); });
  CHECK_NOTHROW(check_shards(patient.directory, patient.manifest));
}

TEST_CASE("a shard cut to any length, or grown, is found") {
  const Patient patient(0);
  REQUIRE(patient.good.size() > 200);
  for (std::size_t length = 0; length < patient.good.size(); ++length) {
    INFO("length " << length);
    patient.spoil(patient.good.substr(0, length));
    check_shard_is_refused(patient, false);
  }
  for (const std::size_t more : {1, 8, 4096}) {
    patient.spoil(patient.good + std::string(more, '\0'));
    check_shard_is_refused(patient, false);
  }
}

TEST_CASE("random damage of many bytes of a shard is found") {
  const Patient patient(0);
  std::mt19937_64 random(1);
  for (int round = 0; round < 1000; ++round) {
    std::string bad = patient.good;
    const std::size_t start = random() % bad.size(), length = 1 + random() % (bad.size() - start);
    for (std::size_t i = start; i < start + length; ++i) bad[i] = static_cast<char>(random());
    if (bad == patient.good) continue;
    INFO("round " << round);
    patient.spoil(bad);
    check_shard_is_refused(patient, true);
  }
}

TEST_CASE("every single flipped bit of a manifest, and every length of it, is found") {
  const Patient patient(2);
  REQUIRE(patient.good.size() * 8 > 1000);
  with_every_bit_flipped(patient.path, [&] {
    CHECK_THAT(message_of<DataError>([&] { read_manifest(patient.directory); }),
               Contains(patient.path) && Contains("byte "));
  });
  for (std::size_t length = 0; length < patient.good.size(); ++length) {
    INFO("length " << length);
    patient.spoil(patient.good.substr(0, length));
    CHECK_THAT(message_of<DataError>([&] { read_manifest(patient.directory); }),
               Contains(patient.path) && Contains("byte "));
  }
  patient.spoil(patient.good + "\n");
  CHECK_THROWS_AS(read_manifest(patient.directory), DataError);
  patient.spoil(patient.good);
  CHECK_NOTHROW(read_manifest(patient.directory));
}

TEST_CASE("the file that says which checkpoint is best is read whole or not at all") {
  const TempFolder run;
  fs::create_directories(checkpoints_directory(run.path()));
  write_best(run.path(), {7, 0.1});
  const std::string path = checkpoints_directory(run.path()) + "/best.json", good = content_of(path);
  CHECK(read_best(run.path())->step == 7);
  CHECK(read_best(run.path())->loss == 0.1);
  with_every_bit_flipped(
      path, [&] { CHECK_THAT(message_of<DataError>([&] { (void)read_best(run.path()); }), Contains(path)); });
  for (std::size_t length = 0; length < good.size(); ++length) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << good.substr(0, length);
    CHECK_THROWS_AS(read_best(run.path()), DataError);
  }
}

TEST_CASE("a shard of another checkpoint in the place of one of ours is found, sound as it is") {
  const Patient patient(0);
  const std::string other = test::save(patient.run.path(), 8, 2, 4);
  const std::string theirs = content_of(other + "/" + read_manifest(other).shards[0].file);
  REQUIRE(theirs.size() == patient.good.size());
  patient.spoil(theirs);
  check_shard_is_refused(patient, true);
}

}  // namespace
}  // namespace interlock::storage
