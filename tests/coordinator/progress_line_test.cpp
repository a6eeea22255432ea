#include "coordinator/progress_line.h"

#include <limits>

#include <fmt/format.h>

#include "coordinator_support.h"

namespace interlock::coordinator {
namespace {

using Catch::Matchers::Contains;

ProgressFacts facts_of(int stages) {
  ProgressFacts facts;
  facts.step.step = 123;
  facts.step.epoch = 3;
  facts.step.accuracy = 0.451;
  facts.step.samples_per_second = 1234;
  for (int stage = 0; stage < stages; ++stage) {
    facts.step.loss.push_back(2.3012 - 0.01 * stage);
    facts.step.busy_fraction.push_back(0.98 - 0.01 * stage);
    facts.step.memory_mebibytes.push_back(300 + stage);
  }
  facts.epochs = 10;
  facts.steps = 1000;
  facts.seconds_left = 185;
  return facts;
}

TEST_CASE("losses in the progress line: four digits, a dash where there is none") {
  CHECK(format_losses({2.30259, kNone, 0.00004}) == "2.3026 - 0.0000");
  CHECK(format_losses({}).empty());
}

TEST_CASE("a log's line says everything") {
  CHECK(progress_line(facts_of(2), std::string::npos, false) ==
        "epoch 3/10  step 123/1000  loss 2.3012 2.2912  acc 45.1 %  busy 98 97 %  mem 301.0 MiB  1234 "
        "samples/s  "
        "3m05s left");
}

TEST_CASE("a line is never longer than there is room, and no shorter than it must be") {
  for (const int stages : {1, 2, 4, 8, 32}) {
    std::size_t before = 0;
    for (std::size_t columns = 10; columns < 250; ++columns) {
      const std::string line = progress_line(facts_of(stages), columns, true);
      CHECK(line.size() <= columns);
      CHECK(line.size() >= before);
      before = line.size();
    }
  }
}

TEST_CASE("on 80 columns up to four stages show each loss, and the time left") {
  for (const int stages : {1, 2, 3, 4}) {
    const std::string line = progress_line(facts_of(stages), 79, true);
    INFO(line);
    for (int stage = 0; stage < stages; ++stage)
      CHECK_THAT(line, Contains(fmt::format("{:.2f}", 2.3012 - 0.01 * stage)));
    CHECK_THAT(line,
               Contains("step 123/1000") && Contains("acc 45") && Contains("3m05s left") && Contains("busy"));
  }
}

TEST_CASE("of many stages the first and the last loss and the range of the busy fractions are shown") {
  const std::string line = progress_line(facts_of(32), std::string::npos, false);
  CHECK_THAT(line, Contains("loss 2.3012..1.9912") && Contains("busy 67-98 %") && Contains("mem 331.0 MiB"));
}

TEST_CASE("a loss that only the last stage has is shown alone where there is little room") {
  ProgressFacts facts = facts_of(32);
  for (std::size_t stage = 0; stage < 31; ++stage) facts.step.loss[stage] = kNone;
  CHECK_THAT(progress_line(facts, 80, false), Contains("loss 1.99 "));
}

TEST_CASE("text shows tokens a second, regression no accuracy") {
  ProgressFacts facts = facts_of(2);
  facts.step.tokens_per_second = 5000;
  facts.step.accuracy = kNone;
  const std::string line = progress_line(facts, std::string::npos, false);
  CHECK_THAT(line, Contains("5000 tokens/s") && !Contains("acc"));
}

}  // namespace
}  // namespace interlock::coordinator
