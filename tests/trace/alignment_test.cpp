#include "common/clock_offset.h"
#include "support/catch.h"
#include "trace/run_facts.h"

using namespace interlock;
using trace::align;

TEST_CASE("The quickest round trip says how far clocks are apart, and how well that is known") {
  // The other clock is 1,000 ahead; answers are read in the middle, but of the slow trip.
  const ClockOffset offset = clock_offset({{100, 1190, 220}, {300, 1304, 308}, {400, 1490, 440}});
  CHECK(offset.nanoseconds == 1000);
  CHECK(offset.uncertainty == 4);
  CHECK(offset.at == 304);
}

TEST_CASE("A clock read early or late within its round trip stays within the uncertainty") {
  const std::int64_t truth = -500;
  for (const std::int64_t when : {0, 5, 13, 20}) {
    const ClockOffset offset = clock_offset({{1000, 1000 + when + truth, 1020}});
    CHECK(std::abs(offset.nanoseconds - truth) <= offset.uncertainty);
  }
}

TEST_CASE("Ranks on the coordinator's machine share its clock, whatever was measured") {
  trace::RunFacts facts;
  facts.ranks = {{-1, 0, "a", "A", {}}, {0, 0, "container", "A", {{0, 17, 20}}}};
  CHECK(align(facts, 1, 1000).offset == 0);
  CHECK(align(facts, 1, 1000).shared);
}

TEST_CASE("A clock that was set apart on the coordinator's machine is corrected by what was measured") {
  trace::RunFacts facts;
  facts.ranks = {
      {-1, 0, "a", "A", {{0, 0, 0}}}, {0, 0, "a", "A", {{0, 3, 5}}}, {1, 0, "b", "A", {{0, 5007, 8}}}};
  CHECK(align(facts, 1, 0).shared);
  CHECK_FALSE(align(facts, 2, 0).shared);
  CHECK(align(facts, 2, 0).offset == 5007);
}

TEST_CASE("Ranks of another machine go by the most exact measurement among them") {
  trace::RunFacts facts;
  facts.ranks = {{-1, 0, "a", "A", {}}, {0, 0, "b", "B", {{0, 1040, 90}}}, {1, 0, "b", "B", {{0, 1001, 5}}}};
  CHECK(align(facts, 1, 0).offset == 1001);
  CHECK(align(facts, 1, 0).uncertainty == 5);
  CHECK_FALSE(align(facts, 1, 0).shared);
}

TEST_CASE("Between two measurements an offset moves on a straight line, and stays beyond them") {
  trace::RunFacts facts;
  facts.ranks = {{-1, 0, "a", "A", {}}, {0, 0, "b", "B", {{1000, 500, 3}, {2000, 700, 8}}}};
  CHECK(align(facts, 1, 1000 + 500).offset == 500);
  CHECK(align(facts, 1, 1500 + 600 - 100).offset == 600);
  CHECK(align(facts, 1, 100).offset == 500);
  CHECK(align(facts, 1, 9000).offset == 700);
  CHECK(align(facts, 1, 1500).uncertainty == 8);
}
