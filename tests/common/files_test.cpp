#include "common/files.h"

#include <csignal>
#include <filesystem>
#include <sys/resource.h>
#include <thread>

#include "common/atomic_file.h"
#include "common/error.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using test::content_of;
using test::message_of;
using test::TempFolder;

// Lets no file of this process grow beyond `bytes` while it lives: what a full disk looks like to a writer.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

std::ptrdiff_t files_in(const TempFolder& folder) {
  return std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
}

TEST_CASE("an atomic write replaces the content whole and leaves no temporary file") {
  const TempFolder folder;
  const std::string path = folder.write("a.txt", "a longer old content");
  const std::string content("new\0binary\n", 11);
  write_file_atomically(path, content);
  CHECK(content_of(path) == content);
  CHECK(files_in(folder) == 1);
  write_file_atomically(path, "");
  CHECK(content_of(path).empty());
}

TEST_CASE("an atomic write that runs out of space keeps the old content and leaves no temporary file") {
  const TempFolder folder;
  const std::string path = folder.write("a.txt", "old");
  std::string message;
  {
    const FileSizeLimit limit(1000);
    message = message_of<IoError>([&] { write_file_atomically(path, std::string(5000, 'x')); });
  }
  CHECK_THAT(message, Contains(path) && Contains("cannot write") && Contains("too large"));
  CHECK(content_of(path) == "old");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("an atomic write that cannot be renamed into place leaves no temporary file") {
  const TempFolder folder;
  const std::string path = folder.path_of("taken");
  folder.write("taken/inside.txt", "kept");
  CHECK_THAT(message_of<IoError>([&] { write_file_atomically(path, "x"); }),
             Contains(path) && Contains("rename into place"));
  CHECK(content_of(path + "/inside.txt") == "kept");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("an atomic write into a missing folder is an I/O error with path and reason") {
  const TempFolder folder;
  const std::string path = folder.path_of("missing/a.txt");
  CHECK_THAT(message_of<IoError>([&] { write_file_atomically(path, "x"); }),
             Contains(path) && Contains("cannot create") && Contains("No such file"));
}

TEST_CASE("two writers of one path do not disturb each other: the last to commit wins, whole") {
  const TempFolder folder;
  const std::string path = folder.path_of("a");
  AtomicFile first(path), second(path);
  first.write("first", 5);
  second.write("second", 6);
  CHECK(files_in(folder) == 2);
  first.commit();
  CHECK(content_of(path) == "first");
  second.commit();
  CHECK(content_of(path) == "second");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a process that ends badly can remove what it had not finished, and nothing else") {
  const TempFolder folder;
  const std::string path = folder.write("a", "old");
  AtomicFile unfinished(path), committed(folder.path_of("b"));
  committed.write("b", 1);
  committed.commit();
  unfinished.write("new", 3);
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    const std::string name = entry.path().filename().string();
    CHECK(is_unfinished_file(name) == (name.size() > 1));
  }
  std::thread([] { remove_unfinished_files(); }).join();
  CHECK(files_in(folder) == 2);
  CHECK_THROWS_AS(unfinished.commit(), IoError);
  CHECK(content_of(path) == "old");
}

TEST_CASE("only names of our own making are temporaries") {
  CHECK(is_unfinished_file("manifest.json.interlock-12-0.tmp"));
  for (const char* name :
       {"a.tmp", "a.interlock-12.tmp", "a.interlock-12-.tmp", "a.interlock--1.tmp", ".interlock-1-1.tmp",
        "a.interlock-1-1.tmp.gz", "a.interlock-1-x.tmp", "a.interlock-1-1", "", ".interlock-.tmp"}) {
    INFO(name);
    CHECK_FALSE(is_unfinished_file(name));
  }
}

TEST_CASE("folders are made with their parents, and a file in the way is named") {
  const TempFolder folder;
  make_directories(folder.path_of("a/b/c"));
  make_directories(folder.path_of("a/b/c"));
  CHECK(fs::is_directory(folder.path_of("a/b/c")));
  make_directories(folder.path_of("d/e/"));
  CHECK(fs::is_directory(folder.path_of("d/e")));
  const std::string file = folder.write("file", "");
  CHECK_THAT(message_of<IoError>([&] { make_directories(file + "/inside"); }), Contains(file + "/inside"));
}

TEST_CASE("reading gives the bytes, or false and the reason") {
  const TempFolder folder;
  const std::string bytes("a\0b\r\n", 5);
  std::string content, reason;
  CHECK(read_file(folder.write("a", bytes), content, reason));
  CHECK(content == bytes);
  CHECK_FALSE(read_file(folder.path_of("missing"), content, reason));
  CHECK_THAT(reason, Contains("No such file"));
  CHECK_FALSE(read_file(folder.path(), content, reason));
  CHECK_THAT(reason, Contains("folder"));
}

TEST_CASE("a folder in use is set aside under the first free number, with all it holds") {
  const TempFolder folder;
  const std::string run = folder.path_of("run");
  folder.write("run/metrics.jsonl", "first");
  CHECK(set_aside_directory(run) == run + ".1");
  CHECK_FALSE(fs::exists(run));
  folder.write("run/metrics.jsonl", "second");
  CHECK(set_aside_directory(run + "/") == run + ".2");
  CHECK(content_of(run + ".1/metrics.jsonl") == "first");
  CHECK(content_of(run + ".2/metrics.jsonl") == "second");
}

TEST_CASE("a missing or empty folder is left where it is") {
  const TempFolder folder;
  const std::string run = folder.path_of("run");
  CHECK(set_aside_directory(run).empty());
  fs::create_directory(run);
  CHECK(set_aside_directory(run).empty());
  CHECK(fs::exists(run));
  CHECK_FALSE(fs::exists(run + ".1"));
}

}  // namespace
}  // namespace interlock
