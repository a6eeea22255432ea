#include "schedule/text.h"

#include "common/error.h"
#include "schedule/generator.h"
#include "schedule_support.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::schedule {
namespace {

TEST_CASE("each kind of action has its letter") {
  CHECK(to_text(Action{ActionKind::kForward, 3, 0}) == "F3");
  CHECK(to_text(Action{ActionKind::kLocalLoss, 0, 0}) == "L0");
  CHECK(to_text(Action{ActionKind::kInputGradient, 12, 7}) == "I12@7");
  CHECK(to_text(Action{ActionKind::kWeightGradient, 1, 0}) == "W1");
  CHECK(to_text(Action{ActionKind::kBackward, 1, 2}) == "B1@2");
  CHECK(to_text(Action{ActionKind::kUpdate, 0, 0}) == "U");
}

TEST_CASE("every generated program reads back as it was written") {
  for (const auto& [name, rule] : all_rules()) {
    INFO(name);
    for (const StageProgram& program : make_schedule(rule, 3)) {
      CHECK(parse_program(to_text(program)) == program);
    }
  }
}

TEST_CASE("blanks and line ends separate actions; no text is no action") {
  CHECK(parse_program("  F0\n\tU ") ==
        StageProgram{{ActionKind::kForward, 0, 0}, {ActionKind::kUpdate, 0, 0}});
  CHECK(parse_program("").empty());
}

TEST_CASE("what is no action is refused and quoted") {
  for (const char* entry : {"X0", "F", "f0", "F-1", "F0@1", "L0x", "I0", "I0@", "I@1", "I0@-1", "I0@1@2",
                            "B1", "W1.5", "U0", "UU"}) {
    const std::string message =
        test::message_of<UsageError>([&] { parse_program(std::string("F0 ") + entry); });
    CHECK_THAT(message, Catch::Matchers::Contains("'" + std::string(entry) + "'"));
  }
}

}  // namespace
}  // namespace interlock::schedule
