#include "storage/checkpoint.h"

#include <filesystem>

#include "common/error.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::storage {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using test::content_of;
using test::message_of;
using test::TempFolder;

// A committed checkpoint with two shards.
std::string commit(const TempFolder& run, std::int64_t step) {
  const std::string directory = checkpoint_directory(run.path(), step);
  fs::create_directories(directory);
  const std::string inside = directory.substr(run.path().size() + 1) + "/";
  run.write(inside + shard_name(0), "first shard");
  run.write(inside + shard_name(1), std::string("second\0shard", 12));
  write_manifest(
      directory,
      {step, 2, {describe_shard(directory, shard_name(0)), describe_shard(directory, shard_name(1))}});
  return directory;
}

TEST_CASE("a manifest reads back as it was written") {
  const TempFolder run;
  const Manifest manifest = read_manifest(commit(run, 42));
  CHECK(manifest.step == 42);
  CHECK(manifest.epochs == 2);
  REQUIRE(manifest.shards.size() == 2);
  CHECK(manifest.shards[1].file == "stage-1.safetensors");
  CHECK(manifest.shards[1].bytes == 12);
}

TEST_CASE("the checksum is XXH3-128, high half first") {
  const TempFolder folder;
  folder.write("empty", "");
  const ShardInfo info = describe_shard(folder.path(), "empty");
  CHECK(info.checksum == std::array<std::uint64_t, 2>{0x99aa06d3014798d8, 0x6001c324468d497f});
}

TEST_CASE("a changed, shortened, grown or missing shard is refused by name") {
  const TempFolder run;
  const std::string directory = commit(run, 1);
  const std::string path = directory + "/stage-1.safetensors";
  const std::string inside = path.substr(run.path().size() + 1);
  const std::string good = content_of(path);
  for (const std::string& bad :
       {"X" + good.substr(1), good.substr(0, good.size() - 1), good + "x", std::string()}) {
    run.write(inside, bad);
    CHECK_THAT(message_of<DataError>([&] { read_manifest(directory); }),
               Contains(path) && Contains("damaged"));
  }
  fs::remove(path);
  CHECK_THAT(message_of<DataError>([&] { read_manifest(directory); }),
             Contains(path) && Contains("cannot read"));
}

TEST_CASE("a manifest that names a file outside its folder is refused") {
  const TempFolder run;
  const std::string directory = commit(run, 1);
  const std::string manifest = "checkpoints/step-00000001/manifest.json";
  const std::string good = content_of(run.path_of(manifest));
  for (const char* name : {"../x", "/etc/hostname", "a/b", "..", ".", "", "stage-0.safetensors/"}) {
    INFO(name);
    std::string bad = good;
    bad.replace(bad.find("stage-0.safetensors"), std::string("stage-0.safetensors").size(), name);
    run.write(manifest, bad);
    CHECK_THAT(message_of<DataError>([&] { read_manifest(directory); }), Contains(directory));
  }
}

TEST_CASE("a manifest that is no manifest is refused with its path") {
  const TempFolder run;
  const std::string directory = commit(run, 1);
  const std::string manifest = "checkpoints/step-00000001/manifest.json";
  const std::string good = content_of(run.path_of(manifest));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string bad = good;
    const std::size_t at = bad.find(from);
    REQUIRE(at != std::string::npos);
    return bad.replace(at, from.size(), to);
  };
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("[1]"), good.substr(0, good.size() / 2),
        with("\"version\": 1", "\"version\": 2"), with("\"step\": 1", "\"step\": \"1\""),
        with("\"bytes\": 11", "\"bytes\": 1.5e99"), with("\"xxh3_128\": \"", "\"xxh3_128\": \"0")}) {
    run.write(manifest, bad);
    CHECK_THAT(message_of<DataError>([&] { read_manifest(directory); }), Contains(directory));
  }
}

TEST_CASE("the latest checkpoint is the one with most steps among those that were committed") {
  const TempFolder run;
  CHECK(latest_checkpoint(run.path()).empty());
  CHECK(latest_checkpoint(run.path_of("missing")).empty());
  const std::string ninth = commit(run, 9);
  const std::string tenth = commit(run, 10);
  CHECK(latest_checkpoint(run.path()) == tenth);
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

TEST_CASE("removing keeps the newest, and what is no committed checkpoint of the run") {
  const TempFolder run;
  for (const std::int64_t step : {5, 10, 15, 20}) commit(run, step);
  const std::string unfinished = checkpoint_directory(run.path(), 25);
  fs::create_directories(unfinished);
  const std::string copy = checkpoints_directory(run.path()) + "/best";  // a user's copy
  fs::copy(checkpoint_directory(run.path(), 10), copy);
  remove_old_checkpoints(run.path(), 2);
  CHECK_FALSE(fs::exists(checkpoint_directory(run.path(), 5)));
  CHECK_FALSE(fs::exists(checkpoint_directory(run.path(), 10)));
  CHECK(fs::exists(checkpoint_directory(run.path(), 15)));
  CHECK(fs::exists(checkpoint_directory(run.path(), 20)));
  CHECK(fs::exists(unfinished));
  CHECK(fs::exists(copy + "/manifest.json"));
  CHECK(latest_checkpoint(run.path()) == checkpoint_directory(run.path(), 20));
}

TEST_CASE("keeping zero keeps all, keeping more than there are keeps all") {
  const TempFolder run;
  for (const std::int64_t step : {5, 10}) commit(run, step);
  remove_old_checkpoints(run.path(), 0);
  remove_old_checkpoints(run.path(), 3);
  CHECK(fs::exists(checkpoint_directory(run.path(), 5)));
  CHECK(fs::exists(checkpoint_directory(run.path(), 10)));
}

}  // namespace
}  // namespace interlock::storage
