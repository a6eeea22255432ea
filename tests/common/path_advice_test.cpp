// What is said of a path that does not work.

#include "common/path_advice.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::TempFolder;

void touch(const std::string& path) {
  std::ofstream(path) << "x";
}

TEST_CASE("a name that is nearly another one's is corrected, also inside the path") {
  const TempFolder folder;
  std::filesystem::create_directories(folder.path() + "/data/mnist");
  touch(folder.path() + "/train.safetensors");
  CHECK(advice_on_missing(folder.path() + "/trian.safetensors") ==
        "; did you mean '" + folder.path() + "/train.safetensors'?");
  CHECK(advice_on_missing(folder.path() + "/dta/mnist") ==
        "; did you mean '" + folder.path() + "/data/mnist'?");
}

TEST_CASE("a part that is missing is named; a correction is only offered if it leads somewhere") {
  const TempFolder folder;
  std::filesystem::create_directories(folder.path() + "/data");
  CHECK(advice_on_missing(folder.path() + "/dta/mnist") == "; there is no " + folder.path() + "/dta");
  CHECK(advice_on_missing(folder.path() + "/quite/other") == "; there is no " + folder.path() + "/quite");
}

TEST_CASE("relative paths are told where they start, a tilde that it stays one") {
  CHECK_THAT(advice_on_missing("no-such-file-of-this-name-anywhere"), Contains("relative paths start at"));
  CHECK_THAT(advice_on_missing("~/data"), Contains("'~'"));
}

TEST_CASE("nothing is said of what is there, or of no path") {
  const TempFolder folder;
  CHECK(advice_on_missing(folder.path()).empty());
  CHECK(advice_on_missing("").empty());
}

TEST_CASE("advice on writing fits the system's reason") {
  const TempFolder folder;
  CHECK_THAT(advice_on_writing(folder.path() + "/missing/file", ENOENT),
             StartsWith("; make the folder " + folder.path() + "/missing first"));
  CHECK_THAT(advice_on_writing(folder.path() + "/file", ENOENT), !Contains("make the folder"));
  CHECK_THAT(advice_on_writing("a/b", ENOTDIR), Contains("is a file"));
  CHECK_THAT(advice_on_writing("a/b", EACCES), Contains("permission"));
  CHECK_THAT(advice_on_writing("a/b", EROFS), Contains("read-only"));
  CHECK(advice_on_writing("a/b", ENOSPC).empty());
}

}  // namespace
}  // namespace interlock
