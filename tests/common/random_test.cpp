#include "common/random.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "support/catch.h"

namespace interlock {
namespace {

using Order = std::vector<std::int64_t>;

TEST_CASE("the generator is SplitMix64, number by number") {
  SplitMix64 random(1234567);
  const std::vector<std::uint64_t> published = {6457827717110365317ULL, 3203168211198807973ULL,
                                                9817491932198370423ULL, 4593380528125082431ULL,
                                                16408922859458223821ULL};
  for (const std::uint64_t expected : published) CHECK(random.next() == expected);
}

TEST_CASE("derived seeds differ by seed, purpose, index, order and number of indices") {
  const auto purpose = SeedPurpose::kDropout;
  const std::uint64_t base = derive_seed(1, purpose, {2, 3});
  CHECK(derive_seed(1, purpose, {2, 3}) == base);
  CHECK(derive_seed(2, purpose, {2, 3}) != base);
  CHECK(derive_seed(1, SeedPurpose::kAugmentation, {2, 3}) != base);
  CHECK(derive_seed(1, purpose, {3, 2}) != base);
  CHECK(derive_seed(1, purpose, {2, 4}) != base);
  CHECK(derive_seed(1, purpose, {2}) != base);
  CHECK(derive_seed(1, purpose, {2, 3, 0}) != base);
}

TEST_CASE("neighbouring keys never share a seed") {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    for (std::uint64_t purpose = 1; purpose <= 6; ++purpose) {
      for (std::uint64_t i = 0; i < 20; ++i) {
        for (std::uint64_t j = 0; j < 20; ++j)
          seeds.insert(derive_seed(seed, static_cast<SeedPurpose>(purpose), {i, j}));
      }
    }
  }
  CHECK(seeds.size() == 5 * 6 * 20 * 20);
}

TEST_CASE("bounded draws reach every value and stay below the bound") {
  SplitMix64 random(5);
  std::vector<int> count(6, 0);
  for (int i = 0; i < 6000; ++i) ++count.at(random.below(6));
  for (const int hits : count) CHECK(std::abs(hits - 1000) < 150);
  CHECK(random.below(1) == 0);
}

TEST_CASE("uniform draws fill the interval from its low end to below its high end") {
  SplitMix64 random(6);
  double smallest = 10;
  double largest = 0;
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double draw = random.uniform(2, 4);
    smallest = std::min(smallest, draw);
    largest = std::max(largest, draw);
    sum += draw;
  }
  CHECK((smallest >= 2 && smallest < 2.01));
  CHECK((largest < 4 && largest > 3.99));
  CHECK(sum / 10000 == Approx(3).margin(0.03));
}

TEST_CASE("a permutation holds every number once") {
  for (const std::int64_t size : {0, 1, 2, 17, 1000}) {
    Order order = random_permutation(size, 3);
    Order expected(static_cast<std::size_t>(size));
    std::iota(expected.begin(), expected.end(), 0);
    std::sort(order.begin(), order.end());
    CHECK(order == expected);
  }
}

TEST_CASE("a permutation depends on its seed and on nothing drawn before") {
  const Order first = random_permutation(100, 3);
  (void)random_permutation(50, 4);
  CHECK(random_permutation(100, 3) == first);
  CHECK(random_permutation(100, 4) != first);
}

TEST_CASE("every number is as likely in every place of a permutation") {
  std::vector<std::vector<int>> count(4, std::vector<int>(4, 0));
  for (std::uint64_t seed = 0; seed < 8000; ++seed) {
    const Order order = random_permutation(4, derive_seed(seed, SeedPurpose::kSampleOrder, {}));
    for (std::size_t place = 0; place < 4; ++place) ++count[place][static_cast<std::size_t>(order[place])];
  }
  for (const auto& place : count) {
    for (const int hits : place) CHECK(std::abs(hits - 2000) < 200);
  }
}

}  // namespace
}  // namespace interlock
