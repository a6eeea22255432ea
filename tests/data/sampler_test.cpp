#include "data/sampler.h"

#include <algorithm>
#include <numeric>

#include "support/catch.h"

namespace interlock::data {
namespace {

using Order = std::vector<std::int64_t>;

TEST_CASE("an epoch has a step for each batch, the ragged one included unless it is dropped") {
  CHECK(steps_per_epoch(100, 10, false) == 10);
  CHECK(steps_per_epoch(101, 10, false) == 11);
  CHECK(steps_per_epoch(101, 10, true) == 10);
  CHECK(steps_per_epoch(100, 10, true) == 10);
  CHECK(steps_per_epoch(3, 10, false) == 1);
  CHECK(steps_per_epoch(3, 10, true) == 0);
  CHECK(steps_per_epoch(0, 10, false) == 0);
}

TEST_CASE("an epoch's order holds every sample once") {
  for (const std::int64_t samples : {0, 1, 2, 1000}) {
    Order order = epoch_order(samples, true, 7, 3);
    std::sort(order.begin(), order.end());
    CHECK(order == epoch_order(samples, false, 7, 3));
  }
}

TEST_CASE("without shuffling, the order is that of the file in every epoch") {
  Order expected(20);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(epoch_order(20, false, 1, 0) == expected);
  CHECK(epoch_order(20, false, 2, 5) == expected);
}

TEST_CASE("the order depends on seed and epoch and on nothing else") {
  CHECK(epoch_order(1000, true, 1, 0) == epoch_order(1000, true, 1, 0));
  CHECK(epoch_order(1000, true, 1, 0) != epoch_order(1000, true, 1, 1));
  CHECK(epoch_order(1000, true, 1, 0) != epoch_order(1000, true, 2, 0));
}

TEST_CASE("the order is the same on every platform and in every version") {
  // Runs that resume, and ranks that were built elsewhere, rely on it.
  CHECK(epoch_order(8, true, 1, 0) == Order{5, 2, 7, 0, 4, 6, 3, 1});
  CHECK(epoch_order(8, true, 1, 1) == Order{3, 5, 4, 0, 1, 6, 2, 7});
}

TEST_CASE("micro-batches cover the batch, with the last one ragged") {
  CHECK(micro_batch_sizes(8, 4) == Order{4, 4});
  CHECK(micro_batch_sizes(9, 4) == Order{4, 4, 1});
  CHECK(micro_batch_sizes(3, 4) == Order{3});
  CHECK(micro_batch_sizes(0, 4).empty());
}

}  // namespace
}  // namespace interlock::data
