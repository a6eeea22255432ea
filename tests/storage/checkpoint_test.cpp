#include "storage/checkpoint.h"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "common/error.h"
#include "save_support.h"
#include "storage/sealed_text.h"

namespace interlock::storage {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using test::commit;
using test::content_of;
using test::message_of;
using test::save;
using test::TempFolder;

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// The message for the manifest of a good checkpoint after `spoil` changed it, under a checksum that fits.
template <typename Spoil>
std::string refusal(const TempFolder& run, const Spoil& spoil) {
  const std::string directory = commit(run, 1), path = directory + "/manifest.json";
  nlohmann::json document = unseal(path, content_of(path));
  spoil(document);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << seal(document);
  const std::string message = message_of<DataError>([&] { read_manifest(directory); });
  CHECK_THAT(message, Contains(directory));
  return message;
}

TEST_CASE("a manifest reads back as it was written") {
  const TempFolder run;
  const Manifest manifest = read_manifest(commit(run, 42));
  CHECK(manifest.step == 42);
  CHECK(manifest.epochs == 1);
  CHECK(manifest.batch_size == 8);
  CHECK(manifest.steps_per_epoch == 3);
  CHECK(manifest.seed == 18446744073709551615U);
  CHECK(manifest.recorder == R"({"note": "a \"checksum\": \"text\""})");
  REQUIRE(manifest.shards.size() == 2);
  CHECK(manifest.shards[1].file == shard_name(1, manifest.shards[1].checksum));
  CHECK(manifest.shards[1].file.substr(0, 8) == "stage-1-");
}

TEST_CASE("a shard that is missing, a folder, a link or of another size is refused with the manifest") {
  const TempFolder run;
  const std::string directory = commit(run, 1);
  const std::string path = directory + "/" + read_manifest(directory).shards[1].file;
  const std::string good = content_of(path);
  const auto message = [&] { return message_of<DataError>([&] { read_manifest(directory); }); };
  std::ofstream(path, std::ios::app) << "x";
  CHECK_THAT(message(), Contains(path) && Contains("damaged"));
  fs::remove(path);
  CHECK_THAT(message(), Contains(path) && Contains("missing"));
  fs::create_directory(path);
  CHECK_THAT(message(), Contains(path) && Contains("regular file"));
  fs::remove(path);
  fs::create_symlink(run.write("elsewhere", good), path);  // the very bytes, but outside
  CHECK_THAT(message(), Contains(path) && Contains("regular file of this folder"));
}

TEST_CASE("a link in the place of a shard is not followed by those who read it either") {
  const TempFolder run;
  const std::string directory = commit(run, 1);
  const Manifest manifest = read_manifest(directory);
  const std::string path = directory + "/" + manifest.shards[0].file;
  const std::string elsewhere = run.write("elsewhere", content_of(path));
  fs::remove(path);
  fs::create_symlink(elsewhere, path);
  CHECK_THAT(message_of<DataError>([&] { ShardReader(directory, manifest.shards[0]); }), Contains(path));
  CHECK_THAT(message_of<DataError>([&] { check_shards(directory, manifest); }), Contains(path));
}

TEST_CASE("a manifest that names a file outside its folder is refused, whatever its checksum says") {
  const TempFolder run;
  for (const char* name :
       {"../x", "/etc/hostname", "a/b", "..", ".", "", "a/", ".hidden", "manifest.json", "a b", "a\\b"}) {
    INFO(name);
    CHECK_THAT(refusal(run, [&](auto& document) { document["shards"][0]["file"] = name; }),
               Contains("shards[0].file must be a plain file name"));
  }
  CHECK_THAT(refusal(run, [](auto& document) { document["shards"][0]["file"] = std::string("a\0b", 3); }),
             Contains("plain file name"));
  CHECK_THAT(
      refusal(run, [](auto& document) { document["shards"][1]["file"] = document["shards"][0]["file"]; }),
      Contains("shards[1].file must be another name"));
}

TEST_CASE("a field of a manifest that makes no sense is named") {
  const TempFolder run;
  const auto with = [&](const char* field, const nlohmann::json& value) {
    return refusal(run, [&](auto& document) { document[field] = value; });
  };
  CHECK_THAT(with("step", "1"), Contains("step must be a whole number"));
  CHECK_THAT(with("step", -1), Contains("step must be"));
  CHECK_THAT(with("epochs", 1.5e99), Contains("epochs must be"));
  CHECK_THAT(with("shards", 3), Contains("shards must be a list"));
  CHECK_THAT(with("shards", {1}), Contains("shards[0]. must be an object") || Contains("shards[0]"));
  CHECK_THAT(with("recorder", nullptr), Contains("recorder must be text"));
  CHECK_THAT(with("seed", -1), Contains("seed must be"));
  const auto in_shard = [&](const char* field, const nlohmann::json& value) {
    return refusal(run, [&](auto& document) { document["shards"][1][field] = value; });
  };
  CHECK_THAT(in_shard("bytes", std::int64_t{1} << 60), Contains("shards[1].bytes must be"));
  CHECK_THAT(in_shard("xxh3_128", std::string(31, '0')), Contains("shards[1].xxh3_128 must be 32"));
  CHECK_THAT(in_shard("xxh3_128", std::string(32, 'g')), Contains("shards[1].xxh3_128 must be 32"));
  CHECK_THAT(refusal(run, [](auto& document) { document.erase("steps_per_epoch"); }),
             Contains("steps_per_epoch must be there"));
}

TEST_CASE("a checkpoint of another format version is refused by its version, checksum or not") {
  const TempFolder run;
  CHECK_THAT(refusal(run, [](auto& document) { document["version"] = 3; }),
             Contains("format version 3") && Contains("reads version 2"));
  const std::string directory = commit(run, 1);
  run.write("checkpoints/step-00000001/manifest.json",
            R"({"version": 1, "step": 1, "epochs": 1, "shards": []})");
  CHECK_THAT(message_of<DataError>([&] { read_manifest(directory); }), Contains("format version 1"));
  run.write("checkpoints/step-00000001/manifest.json",
            R"({"version": 2, "step": 1, "epochs": 1, "shards": []})");
  CHECK_THAT(message_of<DataError>([&] { read_manifest(directory); }), Contains("no checksum of itself"));
}

TEST_CASE("a manifest is not read if it is larger than any could be") {
  const TempFolder run;
  const std::string directory = commit(run, 1);
  fs::resize_file(directory + "/manifest.json", (std::uintmax_t{64} << 20) + 1);
  CHECK_THAT(message_of<DataError>([&] { read_manifest(directory); }),
             Contains("manifest.json") && Contains("more than"));
}

TEST_CASE("a manifest is not committed over shards that are not there") {
  const TempFolder run;
  const std::string directory = commit(run, 1), before = content_of(directory + "/manifest.json");
  const ShardInfo shard = write_shard(directory, 0, test::shard_content(0, 50));
  fs::remove(directory + "/" + shard.file);
  CHECK_THAT(message_of<IoError>([&] {
               write_manifest(directory, {1, 1, {shard}});
             }),
             Contains(shard.file) && Contains("another job"));
  CHECK(content_of(directory + "/manifest.json") == before);
}

TEST_CASE("saving a step again exchanges the whole set and leaves nothing of the old one") {
  const TempFolder run;
  save(run.path(), 5, 4, 1);
  const std::string directory = save(run.path(), 5, 2, 2);
  CHECK(test::same(test::read_all(directory), test::expected(2, 2)));
  CHECK(files_in(directory).size() == 3);
  save(run.path(), 5, 2, 2);  // the same content again
  CHECK(test::same(test::read_all(directory), test::expected(2, 2)));
}

TEST_CASE("the latest checkpoint is the one with most steps among those that were committed") {
  const TempFolder run;
  CHECK(latest_checkpoint(run.path()).empty());
  CHECK(latest_checkpoint(run.path_of("missing")).empty());
  const std::string ninth = commit(run, 9);
  const std::string tenth = commit(run, 10);
  CHECK(latest_checkpoint(run.path()) == tenth);
  CHECK(checkpoint_in(run.path()) == tenth);
  CHECK(checkpoint_in(ninth) == ninth);
  fs::create_directories(checkpoint_directory(run.path(), 11));  // unfinished
  CHECK(latest_checkpoint(run.path()) == tenth);
  fs::remove(tenth + "/manifest.json");
  CHECK(latest_checkpoint(run.path()) == ninth);
}

TEST_CASE("steps beyond eight digits still count as later") {
  const TempFolder run;
  commit(run, 99999999);
  const std::string later = commit(run, 100000000);
  CHECK(latest_checkpoint(run.path()) == later);
}

TEST_CASE("the latest sound checkpoint passes over damage in manifests and in tensors") {
  const TempFolder run;
  CHECK(latest_sound_checkpoint(run.path()).empty());
  const std::string first = commit(run, 1), second = commit(run, 2), third = commit(run, 3);
  CHECK(latest_sound_checkpoint(run.path()) == third);
  std::ofstream(third + "/manifest.json", std::ios::app) << " ";
  CHECK(latest_sound_checkpoint(run.path()) == second);
  const std::string shard = second + "/" + read_manifest(second).shards[1].file;
  std::string bytes = content_of(shard);
  bytes.back() = static_cast<char>(bytes.back() ^ 4);
  std::ofstream(shard, std::ios::binary | std::ios::trunc) << bytes;
  CHECK_NOTHROW(read_manifest(second));
  CHECK(latest_sound_checkpoint(run.path()) == first);
  CHECK(latest_checkpoint(run.path()) == third);
}

}  // namespace
}  // namespace interlock::storage
