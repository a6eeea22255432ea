#include "text/text_source.h"

#include <fmt/format.h>

#include "common/error.h"
#include "text/text_support.h"

namespace interlock::text {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::message_of;
using test::TempFolder;

const std::string kRoot = "1-billion-word-language-modeling-benchmark-r13output/";
const std::string kTraining = kRoot + "training-monolingual.tokenized.shuffled/";
const std::string kHeldout = kRoot + "heldout-monolingual.tokenized.shuffled/";

std::string training_shard(int number) {
  return kTraining + fmt::format("news.en-{:05}-of-00004", number);
}

void write_benchmark(const TempFolder& folder) {
  for (int number = 1; number < 4; ++number)
    folder.write(training_shard(number), fmt::format("shard {}\n", number));
  folder.write(kHeldout + "news.en.heldout-00000-of-00050", "held out\n");
}

std::vector<std::string> names_of(const TextSource& source) {
  std::vector<std::string> names;
  for (const std::string& file : source.files) names.push_back(fs::path(file).filename().string());
  return names;
}

TEST_CASE("the One Billion Word layout is found from its folder, the one above and the training part") {
  const TempFolder folder;
  write_benchmark(folder);
  const std::vector<std::string> expected = {"news.en-00001-of-00004", "news.en-00002-of-00004",
                                             "news.en-00003-of-00004"};
  for (const std::string& path : {folder.path(), folder.path_of(kRoot), folder.path_of(kTraining)}) {
    CHECK(names_of(find_text(path)) == expected);
    const auto heldout = find_heldout_text(path);
    REQUIRE(heldout);
    CHECK(names_of(*heldout) == std::vector<std::string>{"news.en.heldout-00000-of-00050"});
  }
}

TEST_CASE("One Billion Word: shard 00000 is held-out text and never trained on") {
  const TempFolder folder;
  write_benchmark(folder);
  folder.write(training_shard(0), "held out\n");
  CHECK(find_text(folder.path()).files.size() == 3);
}

TEST_CASE("missing shards are refused by their names") {
  const TempFolder folder;
  write_benchmark(folder);
  fs::remove(folder.path_of(training_shard(2)));
  CHECK_THAT(message_of<DataError>([&] { find_text(folder.path()); }),
             Contains("1 of 3 shards missing: news.en-00002-of-00004;"));
  fs::remove(folder.path_of(training_shard(3)));
  CHECK_THAT(message_of<DataError>([&] { find_text(folder.path()); }),
             Contains("2 of 3 shards missing: news.en-00002-of-00004, news.en-00003-of-00004;"));
  fs::remove(folder.path_of(kHeldout + "news.en.heldout-00000-of-00050"));
  CHECK_THAT(message_of<DataError>([&] { find_heldout_text(folder.path()); }),
             Contains("news.en.heldout-00000-of-00050: no such file") && Contains("data.eval_path"));

  const TempFolder few;
  few.write("part-00003-of-00100.txt", "x\n");
  CHECK_THAT(message_of<DataError>([&] { find_text(few.path()); }),
             Contains("99 of 100 shards missing: part-00000-of-00100.txt, part-00001-of-00100.txt") &&
                 Contains(", ...;"));
}

TEST_CASE("numbered shards of one folder are read in order, and only one set of them") {
  const TempFolder folder;
  for (const char* number : {"00002", "00000", "00001"})
    folder.write(fmt::format("p-{}-of-00003", number), "x\n");
  folder.write("README", "not text of the set");
  CHECK(names_of(find_text(folder.path())) ==
        std::vector<std::string>{"p-00000-of-00003", "p-00001-of-00003", "p-00002-of-00003"});
  CHECK_FALSE(find_heldout_text(folder.path()));
  folder.write("q-00000-of-00003", "x\n");
  CHECK_THAT(message_of<DataError>([&] { find_text(folder.path()); }), Contains("more than one set"));
}

TEST_CASE("a folder of .txt files is read in the order of names") {
  const TempFolder folder;
  for (const char* name : {"b.txt", "a.txt", "c.md"}) folder.write(name, "x\n");
  CHECK(names_of(find_text(folder.path())) == std::vector<std::string>{"a.txt", "b.txt"});
}

TEST_CASE("text that is missing, empty or no file is refused") {
  const TempFolder folder;
  CHECK_THAT(message_of<DataError>([&] { find_text(folder.path_of("none")); }),
             StartsWith(folder.path_of("none") + ": no such file or folder"));
  CHECK_THAT(message_of<DataError>([&] { find_text(folder.path()); }), Contains("no text in this folder"));
  CHECK_THAT(message_of<DataError>([&] { find_text(folder.write("a", "")); }), Contains("0 bytes"));
}

TEST_CASE("the fingerprint changes with name, size and time, and with nothing else") {
  const TempFolder folder;
  const std::string path = folder.write("a", "text\n");
  const std::string first = find_text(path).fingerprint;
  CHECK(find_text(path).fingerprint == first);
  fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(1));
  const std::string later = find_text(path).fingerprint;
  CHECK(later != first);
  folder.write("a", "texts\n");
  CHECK(find_text(path).fingerprint != later);
  fs::rename(path, folder.path_of("b"));
  CHECK(find_text(folder.path_of("b")).fingerprint != find_text(folder.write("a", "texts\n")).fingerprint);
}

}  // namespace
}  // namespace interlock::text
