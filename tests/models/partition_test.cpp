#include "models/partition.h"

#include "common/error.h"
#include "models_support.h"
#include "support/temp_folder.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;
using Counts = std::vector<int>;

// Checks that the ranges follow each other from 0 on, and returns their counts.
Counts counts(const std::string& partition, int layers) {
  const std::vector<LayerRange> ranges = cut(parse("partition: " + partition), layers);
  Counts found;
  int next = 0;
  for (const LayerRange& range : ranges) {
    CHECK(range.first == next);
    next += range.count;
    found.push_back(range.count);
  }
  CHECK(next == layers);
  return found;
}

std::string refusal(const std::string& partition, int layers) {
  return test::message_of<UsageError>([&] { counts(partition, layers); });
}

TEST_CASE("equal counts, the first stages taking the remainder") {
  CHECK(counts("{stages: 1}", 7) == Counts{7});
  CHECK(counts("{stages: 3}", 9) == Counts{3, 3, 3});
  CHECK(counts("{stages: 4}", 10) == Counts{3, 3, 2, 2});
  CHECK(counts("{stages: 5}", 5) == Counts{1, 1, 1, 1, 1});
}

TEST_CASE("counts as written, in list and text form") {
  CHECK(counts("{layers: [1, 4, 2]}", 7) == Counts{1, 4, 2});
  CHECK(counts("{layers: '1,4,2'}", 7) == Counts{1, 4, 2});
}

TEST_CASE("rest takes what the others leave, wherever it stands") {
  CHECK(counts("{layers: '3,4,rest'}", 12) == Counts{3, 4, 5});
  CHECK(counts("{layers: [rest, 2]}", 3) == Counts{1, 2});
  CHECK(counts("{layers: [1, rest, 1]}", 9) == Counts{1, 7, 1});
  CHECK(counts("{layers: [rest]}", 4) == Counts{4});
}

TEST_CASE("counts that do not add up are refused with both numbers") {
  CHECK_THAT(refusal("{layers: [2, 2]}", 5),
             Contains("a.yaml:1:") && Contains("partition.layers") && Contains("4") && Contains("5 layers"));
  CHECK_THAT(refusal("{layers: [4, 2]}", 5), Contains("6") && Contains("5 layers"));
}

TEST_CASE("a rest with nothing left is refused") {
  CHECK_THAT(refusal("{layers: [3, 2, rest]}", 5), Contains("rest") && Contains("empty"));
  CHECK_THAT(refusal("{layers: [3, 3, rest]}", 5), Contains("rest") && Contains("empty"));
}

TEST_CASE("more stages than layers are refused") {
  CHECK_THAT(refusal("{stages: 6}", 5),
             Contains("partition.stages") && Contains("6 stages") && Contains("5 layers"));
  CHECK_THAT(refusal("{layers: [1, 1, 1]}", 2), Contains("3 stages") && Contains("2 layers"));
}

}  // namespace
}  // namespace interlock::models
