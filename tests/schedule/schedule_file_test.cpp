#include "schedule/schedule_file.h"

#include "common/error.h"
#include "schedule_support.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::schedule {
namespace {

using Catch::Matchers::Contains;

// What `interlock plan --write` gives for K = 3, N = 2, M = 2, for tests to edit.
const std::vector<std::string> kPairwise = {"F0 F1 W0 W1 U", "F0 L0 I0@1 F1 L1 I1@1 W0 W1 U",
                                            "F0 L0 I0@2 W0 F1 L1 I1@2 W1 U"};

std::string edited(int stage, const std::string& program) {
  std::vector<std::string> programs = kPairwise;
  programs.at(static_cast<std::size_t>(stage)) = program;
  return to_text(parse_programs(programs));
}

std::string refusal(const std::string& text, const std::vector<int>& in_flight = {}) {
  return test::message_of<UsageError>(
      [&] { parse_valid_schedule(text, "my.schedule", make_rule(3, 2), 2, in_flight); });
}

std::string syntax_error(const std::string& text) {
  return test::message_of<UsageError>([&] { parse_schedule(text, "my.schedule"); });
}

TEST_CASE("a schedule is one line a stage") {
  CHECK(to_text(parse_programs({"F0 W0 U", "F0 L0 B0@1 U"})) == "stage 0: F0 W0 U\nstage 1: F0 L0 B0@1 U\n");
  CHECK(to_text(Schedule{}).empty());
}

TEST_CASE("every schedule reads back as it was written, and valid") {
  for (const auto& [name, rule] : all_rules()) {
    INFO(name);
    for (const Schedule& schedule : {one_f_one_b_schedule(rule, 3), gpipe_schedule(rule, 3)}) {
      const std::string text = to_text(schedule);
      CHECK(parse_schedule(text, "a file") == schedule);
      CHECK(parse_valid_schedule(text, "a file", rule, 3, {}) == schedule);
    }
  }
}

TEST_CASE("comments, empty lines, indentation and DOS line ends are passed over") {
  const std::string text =
      "# made by hand\r\n\r\n  stage 0:  F0\tW0 U  # the first\r\n   \t\n#stage 7: X\nstage 1:F0 L0 B0@1 U";
  CHECK(parse_schedule(text, "a file") == parse_programs({"F0 W0 U", "F0 L0 B0@1 U"}));
  CHECK(parse_schedule("", "a file").empty());
}

TEST_CASE("what is no line of a schedule is refused with file and line") {
  for (const char* line : {"F0 W0 U", "stage: F0", "stage one: F0", "stage 1 F0 W0 U", "level 1: F0"}) {
    CHECK_THAT(syntax_error(std::string("stage 0: F0 W0 U\n# here:\n") + line + "\n"),
               Contains("my.schedule:3:") && Contains("stage <k>:"));
  }
}

TEST_CASE("stages left out, repeated or out of order are refused with file and line") {
  CHECK_THAT(syntax_error("stage 1: F0 W0 U\n"), Contains("my.schedule:1: stage 1, but stage 0 is next"));
  CHECK_THAT(syntax_error("stage 0: F0 W0 U\nstage 0: F0 W0 U\n"),
             Contains("my.schedule:2: stage 0, but stage 1 is next"));
  CHECK_THAT(syntax_error("stage 0: U\nstage 2: U\n"), Contains("my.schedule:2: stage 2, but stage 1"));
}

TEST_CASE("what is no action is refused with file and line, and quoted") {
  CHECK_THAT(syntax_error("stage 0: F0 W0 U\nstage 1: F0 Q0 U\n"),
             Contains("my.schedule:2:") && Contains("'Q0'"));
}

TEST_CASE("a schedule of another number of stages is refused with both numbers") {
  CHECK_THAT(refusal("stage 0: F0 W0 U\n"),
             Contains("my.schedule") && Contains("1 stages") && Contains("has 3"));
}

TEST_CASE("unedited, the file is accepted") {
  CHECK(parse_valid_schedule(to_text(parse_programs(kPairwise)), "my.schedule", make_rule(3, 2), 2,
                             {2, 2, 1}) == parse_programs(kPairwise));
}

TEST_CASE("two actions swapped so that stages wait for each other: refused, naming who waits for what") {
  // Stage 0 wants the gradient of micro-batch 0 before it runs F1; stage 1 wants F1 before it sends that.
  std::vector<std::string> programs = kPairwise;
  programs[0] = "F0 W0 F1 W1 U";
  programs[1] = "F0 L0 F1 L1 I0@1 I1@1 W0 W1 U";
  CHECK_THAT(refusal(to_text(parse_programs(programs))),
             Contains("my.schedule") && Contains("rank 1 (stage 0), action W0 of micro-batch 0: deadlock"));
}

TEST_CASE("a message that is used and never sent: refused, naming who uses it") {
  CHECK_THAT(refusal(edited(2, "F0 L0 W0 F1 L1 I1@2 W1 U")),
             Contains("rank 2 (stage 1), action W0 of micro-batch 0") && Contains("never comes"));
  CHECK_THAT(refusal(edited(0, "F0 W0")), Contains("rank 1 (stage 0)") && Contains("never updates"));
}

TEST_CASE("an action before what it uses is there: refused") {
  CHECK_THAT(refusal(edited(1, "F0 L0 I0@1 I1@1 F1 L1 W0 W1 U")),
             Contains("rank 2 (stage 1), action I1@1 of micro-batch 1: runs before its forward"));
  CHECK_THAT(refusal(edited(2, "F0 L0 I0@2 W0 F1 W1 L1 I1@2 U")),
             Contains("rank 3 (stage 2), action W1 of micro-batch 1: runs before its loss"));
}

TEST_CASE("a gradient beyond N-1 hops: refused") {
  CHECK_THAT(refusal(edited(1, "F0 L0 I0@1 I0@2 F1 L1 I1@1 W0 W1 U")),
             Contains("rank 2 (stage 1), action I0@2 of micro-batch 0") && Contains("N-1 hops"));
}

TEST_CASE("more in flight than the cap: refused, with the cap") {
  CHECK_THAT(refusal(to_text(parse_programs(kPairwise)), {2, 1, 1}),
             Contains("rank 2 (stage 1), action F1 of micro-batch 1") && Contains("cap is 1"));
}

TEST_CASE("forwards out of order: refused") {
  CHECK_THAT(refusal(edited(0, "F1 F0 W0 W1 U")),
             Contains("rank 1 (stage 0), action F1 of micro-batch 1") && Contains("order of micro-batches"));
}

TEST_CASE("a micro-batch too many: refused, with the number there are") {
  CHECK_THAT(refusal(edited(0, "F0 F1 F2 W0 W1 W2 U")),
             Contains("rank 1 (stage 0), action F2 of micro-batch 2") && Contains("there are 2"));
}

}  // namespace
}  // namespace interlock::schedule
