#include "watch/last_line.h"

#include <cstdlib>

#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::watch {
namespace {

constexpr const char* kVariable = "INTERLOCK_FAILURE_FILE";

TEST_CASE("of ranks that each end the job, the first one's words and code are handed over") {
  const test::TempFolder folder;
  const std::string path = folder.write("failure", "");
  ::setenv(kVariable, path.c_str(), 1);
  CHECK(hand_over_last_line(6, "rank 2 is silent") == HandedOver::kYes);
  CHECK(hand_over_last_line(5, "no, the coordinator is") == HandedOver::kTooLate);
  ::unsetenv(kVariable);
  CHECK(test::content_of(path) == "6\nrank 2 is silent\n");
}

TEST_CASE("without a script that takes it, the line is the rank's to print") {
  CHECK(hand_over_last_line(5, "x") == HandedOver::kNoFile);
  const test::TempFolder folder;
  ::setenv(kVariable, folder.path_of("not there").c_str(), 1);
  CHECK(hand_over_last_line(5, "x") == HandedOver::kNoFile);
  ::unsetenv(kVariable);
}

}  // namespace
}  // namespace interlock::watch
