#include "text/line_choice.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "support/catch.h"

namespace interlock::text {
namespace {

using Lines = std::vector<std::int64_t>;

Lines lines_of(const LineChoice& choice) {
  Lines lines;
  for (std::int64_t i = 0; i < choice.size(); ++i) lines.push_back(choice.line(i));
  return lines;
}

TEST_CASE("a choice of lines and the choice of all others share no line and leave none out") {
  for (const std::int64_t total : {0, 1, 2, 7, 100}) {
    for (std::int64_t count = 0; count <= total; ++count) {
      const Lines drawn = draw_lines(total, count, 3);
      const Lines chosen = lines_of(LineChoice::only(total, drawn));
      const Lines others = lines_of(LineChoice::all_but(total, drawn));
      REQUIRE(chosen.size() == static_cast<std::size_t>(count));
      REQUIRE(std::is_sorted(others.begin(), others.end()));
      std::set<std::int64_t> all(chosen.begin(), chosen.end());
      all.insert(others.begin(), others.end());
      REQUIRE(chosen.size() + others.size() == all.size());
      REQUIRE(lines_of(LineChoice::all(total)) == Lines(all.begin(), all.end()));
    }
  }
}

TEST_CASE("drawn lines depend on the seed alone and are spread over all of them") {
  CHECK(draw_lines(1000, 100, 1) == draw_lines(1000, 100, 1));
  CHECK(draw_lines(1000, 100, 1) != draw_lines(1000, 100, 2));
  std::vector<int> hits(10);
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    for (const std::int64_t line : draw_lines(10, 3, seed)) ++hits[static_cast<std::size_t>(line)];
  }
  for (const int count : hits) CHECK(std::abs(count - 300) < 75);  // five standard deviations
}

}  // namespace
}  // namespace interlock::text
