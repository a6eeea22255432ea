#include "text/token_cache.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "support/damage.h"
#include "text/cache_folder.h"
#include "text/checksum.h"
#include "text/corpus.h"
#include "text/text_reader.h"
#include "text/text_support.h"
#include "text/token_writer.h"

namespace interlock::text {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using test::content_of;
using test::message_of;
using test::TempFolder;

CorpusSettings settings_of(const TempFolder& folder) {
  CorpusSettings settings;
  settings.tokenizer.kind = TokenKind::kWords;
  settings.tokenizer.vocabulary_size = 1000;
  settings.tokenizer.path = folder.path_of("text");
  settings.tokenizer.cache = folder.path_of("cache");
  settings.sequences = Sequences::kLines;
  return settings;
}

// Files of the cache whose names end so.
std::vector<std::string> cached(const TempFolder& folder, const std::string& ending) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder.path_of("cache"))) {
    if (entry.path().extension() == ending) found.push_back(entry.path().string());
  }
  return found;
}

TEST_CASE("a text is tokenised once; a changed text or another reading of it again") {
  const TempFolder folder;
  folder.write("text", test::made_up_text(200));
  CorpusSettings settings = settings_of(folder);
  open_corpus(settings);
  REQUIRE(cached(folder, ".tokens").size() == 1);
  const auto written = fs::last_write_time(cached(folder, ".tokens")[0]);
  open_corpus(settings);
  CHECK(fs::last_write_time(cached(folder, ".tokens")[0]) == written);
  settings.sequences = Sequences::kStream;
  open_corpus(settings);
  CHECK(cached(folder, ".tokens").size() == 2);
  folder.write("text", test::made_up_text(201));
  open_corpus(settings);
  CHECK(cached(folder, ".tokens").size() == 3);
}

TEST_CASE("any damaged byte of a token file is noticed and the file is made again") {
  const TempFolder folder;
  folder.write("text", test::made_up_text(20));
  const CorpusSettings settings = settings_of(folder);
  open_corpus(settings);
  const std::string path = cached(folder, ".tokens").at(0);
  const std::string whole = content_of(path);
  const auto survives = [&](const std::string& damaged) {
    std::ofstream(path, std::ios::binary) << damaged;
    const Corpus corpus = open_corpus(settings);
    return corpus.train.lines.size() == 20 && content_of(path) == whole;
  };
  test::for_random_damage(whole, 1000,
                          [&](const test::Damage& damage) { REQUIRE(survives(damage.content)); });
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{50}, whole.size() - 1})
    REQUIRE(survives(whole.substr(0, size)));
  CHECK(survives(whole + "x"));
  CHECK(survives(std::string(whole.size(), '\0')));
}

TEST_CASE("many lines are spooled and come back in order") {
  const TempFolder folder;
  const std::string key(32, 'k');
  const std::string path = folder.path_of("a.tokens");
  constexpr std::int64_t kLines = 300'000;  // more than fit the writer's buffer
  {
    TokenWriter writer(path, key, 70'000);
    writer.append({1});
    for (std::int64_t line = 0; line < kLines; ++line) {
      writer.start_line();
      writer.append(
          std::vector<Token>(static_cast<std::size_t>(1 + line % 3), static_cast<Token>(line % 70'000)));
    }
    writer.commit();
  }
  std::string problem;
  const auto file = TokenFile::open(path, key, problem);
  REQUIRE(problem.empty());
  REQUIRE(file->lines() == kLines);
  std::int64_t start = 1;
  for (std::int64_t line = 0; line < kLines; ++line) {
    REQUIRE(file->line_start(line) == start);
    std::int64_t token = 0;
    file->read(start, 1, &token);
    REQUIRE(token == line % 70'000);
    start += 1 + line % 3;
  }
  CHECK(file->line_start(kLines) == file->tokens());
  CHECK_FALSE(TokenFile::open(path, std::string(32, 'j'), problem));
  CHECK(problem == "it holds another text");
}

// Whoever can write the file can write its checksum, too.
TEST_CASE("a token file whose lines do not lie within its tokens is refused in spite of its checksum") {
  const TempFolder folder;
  const std::string key(32, 'k');
  const std::string path = folder.path_of("a.tokens");
  {
    TokenWriter writer(path, key, 10);
    writer.append({1});
    writer.start_line();
    writer.append({2, 3});
    writer.commit();
  }
  const std::string whole = content_of(path);
  const std::size_t table = 16 + 8;  // after the magic and three tokens, filled up
  for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{4}, ~std::uint64_t{0}}) {
    std::string content = whole;
    std::memcpy(&content[table], &start, sizeof start);
    Checksum checksum;
    checksum.update(content.data(), content.size() - 16);
    std::memcpy(&content[content.size() - 16], checksum.value().data(), 16);
    folder.write("a.tokens", content);
    std::string problem;
    CHECK_FALSE(TokenFile::open(path, key, problem));
    CHECK(problem == "its lines do not lie within its tokens");
  }
}

TEST_CASE("several processes that build one cache at once all get it whole") {
  const TempFolder folder;
  folder.write("text", test::made_up_text(20'000));
  const CorpusSettings settings = settings_of(folder);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      int failed = 1;
      try {
        failed = open_corpus(settings).train.lines.size() == 20'000 ? 0 : 2;
      } catch (...) {
      }
      ::_exit(failed);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(cached(folder, ".tokens").size() == 1);
  CHECK(cached(folder, ".vocabulary").size() == 1);
  CHECK(cached(folder, ".tmp").empty());
  CHECK(open_corpus(settings).train.lines.size() == 20'000);
}

TEST_CASE("a file is built once where locks work, and whole where they do not") {
  const TempFolder folder;
  const std::string path = folder.path_of("cache/a");
  int built = 0;
  const auto is_there = [&] { return fs::exists(path); };
  const auto build = [&](const std::string& target) {
    ++built;
    std::ofstream(target) << "whole";
  };
  build_once(path, is_there, build);
  build_once(path, is_there, build);
  CHECK(built == 1);
  fs::remove(path);
  fs::remove(path + ".lock");
  fs::create_directory(path + ".lock");  // nothing that can be locked
  build_once(path, is_there, build);
  CHECK(built == 2);
  CHECK(content_of(path) == "whole");
}

TEST_CASE("a cache folder that cannot be written is an I/O error that names the key") {
  const TempFolder folder;
  folder.write("text", "one two\n");
  CorpusSettings settings = settings_of(folder);
  settings.tokenizer.cache = folder.write("file", "") + "/cache";
  CHECK_THAT(message_of<IoError>([&] { open_corpus(settings); }), Contains("data.cache"));
  settings.tokenizer.cache = "/proc/interlock";
  CHECK_THAT(message_of<IoError>([&] { open_corpus(settings); }), Contains("data.cache"));
  settings.tokenizer.cache = "/dev/full/x";
  CHECK_THROWS_AS(open_corpus(settings), IoError);
}

TEST_CASE("a disk that is full is an I/O error, and nothing half-written stays") {
  const TempFolder folder;
  folder.write("text", test::made_up_text(50'000));
  CorpusSettings settings = settings_of(folder);
  settings.tokenizer.kind = TokenKind::kBytes;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit limit = {1 << 20, 1 << 20};  // of a file's size: the same refusal of write()
    int failed = 1;
    try {
      ::signal(SIGXFSZ, SIG_IGN);
      if (::setrlimit(RLIMIT_FSIZE, &limit) == 0) open_corpus(settings);
    } catch (const IoError& error) {
      failed = std::string(error.what()).find("data.cache") != std::string::npos ? 0 : 2;
    } catch (...) {
    }
    ::_exit(failed);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  for (const auto& entry : fs::directory_iterator(folder.path_of("cache")))
    CHECK(entry.path().extension() == ".lock");
}

// Sets or, with nullptr, removes an environment variable for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    const char* old = std::getenv(name);
    had_ = old != nullptr;
    if (had_) old_ = old;
    set(value);
  }
  ~Variable() { set(had_ ? old_.c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

  void set(const char* value) {
    if (value == nullptr) {
      ::unsetenv(name_);
    } else {
      ::setenv(name_, value, 1);
    }
  }

 private:
  const char* name_;
  bool had_ = false;
  std::string old_;
};

TEST_CASE("the cache folder is the one given, or the user's") {
  CHECK(cache_folder("/a") == "/a");
  Variable base("XDG_CACHE_HOME", "/x");
  Variable home("HOME", "/h");
  CHECK(cache_folder("") == "/x/interlock");
  base.set(nullptr);
  CHECK(cache_folder("") == "/h/.cache/interlock");
  home.set(nullptr);
  CHECK_THAT(message_of<IoError>([] { cache_folder(""); }), Contains("data.cache"));
}

#ifndef __SANITIZE_ADDRESS__  // which keeps freed memory

// Of this process: what RLIMIT_DATA counts.
std::uint64_t data_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kibibytes = 0;
    if (word == "VmData:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

TEST_CASE("memory does not grow with the text that is tokenised") {
  const TempFolder folder;
  const std::string block = test::made_up_text(20'000);
  for (int i = 0; i < 60; ++i) std::ofstream(folder.path_of("text"), std::ios::app) << block;
  CorpusSettings settings = settings_of(folder);
  settings.tokenizer.kind = TokenKind::kBytes;
  const TextSource source = find_text(settings.tokenizer.path);
  REQUIRE(source.bytes > 45'000'000);
  const pid_t child = ::fork();  // so that the limit is its own
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlim_t allowed = data_bytes() + (16 << 20);
    const rlimit limit = {allowed, allowed};
    int failed = 1;
    try {
      if (::setrlimit(RLIMIT_DATA, &limit) == 0)
        failed = open_corpus(settings).train.lines.size() == 1'200'000 ? 0 : 2;
    } catch (...) {
    }
    ::_exit(failed);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

#endif

}  // namespace
}  // namespace interlock::text
