// The covering arrays in place of full grids: every pair is there, so a fault that any two values bring about is caught.

#include "support/covering_array.h"

#include "app/equality_grid.h"
#include "support/catch.h"

namespace interlock::test {
namespace {

// Faults planted one at a time, each striking where two values meet: how many of them no case of the array shows.
int faults_missed(const Parameters& parameters, const Allowed& allowed) {
  const std::vector<Values> array = covering_array(parameters, allowed);
  int missed = 0;
  for (const Pair& fault : pairs_of(parameters, full_grid(parameters, allowed))) {
    const bool caught =
        std::any_of(array.begin(), array.end(), [&fault](const Values& one) { return fault.is_in(one); });
    missed += caught ? 0 : 1;
  }
  return missed;
}

TEST_CASE("a full grid has every allowed case once") {
  const Parameters parameters = {{"a", {"0", "1"}}, {"b", {"0", "1", "2"}}};
  const auto all = full_grid(parameters, [](const Values&) { return true; });
  CHECK(all == std::vector<Values>{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}});
  const auto some = full_grid(parameters, [](const Values& one) { return one[0] + one[1] != 2; });
  CHECK(some == std::vector<Values>{{0, 0}, {0, 1}, {1, 0}, {1, 2}});
}

TEST_CASE("a covering array has every pair that any allowed case has, in few cases that are all allowed") {
  for (int stages = 1; stages <= 5; ++stages) {
    INFO("K = " << stages);
    const Parameters parameters = OracleGrid::parameters(stages);
    const std::vector<Values> array = covering_array(parameters, OracleGrid::allowed);
    CHECK(faults_missed(parameters, OracleGrid::allowed) == 0);
    CHECK(array.size() < 40);
    for (const Values& one : array) CHECK(OracleGrid::allowed(one));
    CHECK(array == covering_array(parameters, OracleGrid::allowed));  // the same on every rank
  }
  for (const int workers : {2, 4, 6}) {
    INFO(workers << " workers");
    const ReplicaGrid grid(workers);
    CHECK(faults_missed(grid.parameters(), [&grid](const Values& one) { return grid.allowed(one); }) == 0);
    CHECK(faults_missed(PrecisionGrid::parameters(workers), PrecisionGrid::allowed) == 0);
  }
}

TEST_CASE("a pair that the array lacks is a fault missed") {
  const Parameters parameters = {{"a", {"0", "1"}}, {"b", {"0", "1"}}, {"c", {"0", "1"}}};
  const auto all = [](const Values&) { return true; };
  std::vector<Values> array = covering_array(parameters, all);
  array.pop_back();
  int missing = 0;
  for (const Pair& pair : pairs_of(parameters, full_grid(parameters, all))) {
    missing +=
        std::none_of(array.begin(), array.end(), [&pair](const Values& one) { return pair.is_in(one); });
  }
  CHECK(missing > 0);  // no case of it is there for nothing
}

}  // namespace
}  // namespace interlock::test
