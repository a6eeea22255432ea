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
    for (const StageProgram& program : one_f_one_b_schedule(rule, 3)) {
      CHECK(parse_program(to_text(program)) == program);
    }
  }
}

TEST_CASE("a stack of losses is written as first and last, and reads back") {
  const Action stack{ActionKind::kInputGradient, 3, 5, 4};
  CHECK(to_text(stack) == "I3@5-8");
  CHECK(parse_program("I3@5-8") == StageProgram{stack});
  for (const char* entry : {"I3@5-", "I3@5-4", "I3@-5", "W3-4", "B3@5-6"}) {
    CHECK_THROWS_AS(parse_program(entry), UsageError);
  }
}

TEST_CASE("blanks and line ends separate actions; no text is no action") {
  CHECK(parse_program("  F0\n\tU ") ==
        StageProgram{{ActionKind::kForward, 0, 0}, {ActionKind::kUpdate, 0, 0}});
  CHECK(parse_program("").empty());
}

TEST_CASE("what is no action is refused and quoted") {
  for (const char* entry : {"X0",          "F",
                            "f0",          "F-1",
                            "F0@1",        "L0x",
                            "I0",          "I0@",
                            "I@1",         "I0@-1",
                            "I0@1@2",      "B1",
                            "W1.5",        "U0",
                            "UU",          "F+1",
                            "F4294967296", "I0@4294967296",
                            "F1000001",    "I0@0-2147483647"}) {
    const std::string message =
        test::message_of<UsageError>([&] { parse_program(std::string("F0 ") + entry); });
    CHECK_THAT(message, Catch::Matchers::Contains("'" + std::string(entry) + "'"));
  }
}

}  // namespace
}  // namespace interlock::schedule
