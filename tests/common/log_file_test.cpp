#include "common/log_file.h"

#include "common/append_file.h"
#include "common/log.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock {
namespace {

using Catch::Matchers::Contains;
using test::TempFolder;

TEST_CASE("the log file has the lines of before it was open, and all later ones, each with the time") {
  static const TempFolder folder;  // the process's log file outlives this test
  log_info("of before");
  open_log_file(folder.path_of("logs/rank-0.log"));
  std::string heard;
  listen_to_warnings([&](const std::string& text) { heard += text; });
  log_warning("something");
  note_in_log_file("for the file alone");
  listen_to_warnings({});
  log_error("nobody listens");
  CHECK(heard == "warning: something");
  const std::string content = test::content_of(folder.path_of("logs/rank-0.log"));
  CHECK_THAT(content, Contains("--- start: process ") && Contains("  of before\n") &&
                          Contains("  warning: something\n") && Contains("  for the file alone\n") &&
                          Contains("  error: nobody listens\n"));
  CHECK(content.find("--- start") < content.find("of before"));
  CHECK(content.substr(0, 2) == "20");  // the year
}

TEST_CASE("a file that only grows keeps what was there, and says once and for all why it cannot be written") {
  const TempFolder folder;
  folder.write("a/b", "old\n");
  AppendFile file;
  CHECK(file.open(folder.path_of("a/b")).empty());
  CHECK(file.write("new\n").empty());
  CHECK(test::content_of(folder.path_of("a/b")) == "old\nnew\n");
  AppendFile full;
  CHECK(full.open("/dev/full").empty());
  CHECK_THAT(full.write("x"), Contains("/dev/full: cannot write: No space left"));
  CHECK_FALSE(full.is_open());
  CHECK_THAT(full.write("x"), Contains("No space left"));
  AppendFile nowhere;
  CHECK_THAT(nowhere.open(folder.path_of("a/b/c")), Contains("cannot create the folder"));
}

}  // namespace
}  // namespace interlock
