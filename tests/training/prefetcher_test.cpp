#include "training/prefetcher.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>

#include <torch/types.h>

#include "common/error.h"
#include "support/temp_folder.h"

namespace interlock::training {
namespace {

using Samples = std::vector<std::int64_t>;

// Inputs [n, 2] hold (sample, epoch), targets the sample. Refuses sample 13, and sleeps before odd ones.
class WatchedSet : public data::Dataset {
 public:
  [[nodiscard]] std::int64_t size() const override { return 1000; }
  [[nodiscard]] data::Batch load(const Samples& samples, std::int64_t epoch) const override {
    data::Batch batch{torch::empty({static_cast<std::int64_t>(samples.size()), 2}),
                      torch::empty({static_cast<std::int64_t>(samples.size())}, torch::kLong)};
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (samples[i] == 13) throw DataError("sample 13");
      if (samples[i] % 2 == 1) std::this_thread::sleep_for(std::chrono::microseconds(300));
      batch.inputs.mutable_data_ptr<float>()[2 * i] = static_cast<float>(samples[i]);
      batch.inputs.mutable_data_ptr<float>()[2 * i + 1] = static_cast<float>(epoch);
      batch.targets.mutable_data_ptr<std::int64_t>()[i] = samples[i];
      ++loaded;
    }
    return batch;
  }
  mutable std::atomic<int> loaded = 0;
};

Samples range(std::int64_t first, std::int64_t count) {
  Samples samples(static_cast<std::size_t>(count));
  std::iota(samples.begin(), samples.end(), first);
  return samples;
}

bool equal(const data::Batch& a, const data::Batch& b) {
  return a.inputs.equal(b.inputs) && a.targets.equal(b.targets);
}

// Until nothing more is loaded.
void wait_until_idle(const WatchedSet& set) {
  for (int before = -1; before != set.loaded;) {
    before = set.loaded;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

TEST_CASE("with any number of threads, what is taken is what load() gives, in any order of taking") {
  const WatchedSet set;
  for (const int threads : {1, 2, 5}) {
    Prefetcher prefetcher(threads);
    std::vector<std::uint64_t> numbers;
    for (const std::int64_t size : {1, 7, 64, 3, 20, 2}) {
      numbers.push_back(prefetcher.announce({&set, range(100 * size % 700, size), size}));
    }
    for (const std::size_t i : {0, 1, 5, 2, 4, 3}) {
      const std::int64_t size = std::array<std::int64_t, 6>{1, 7, 64, 3, 20, 2}.at(i);
      CHECK(equal(prefetcher.take(numbers[i]), set.load(range(100 * size % 700, size), size)));
    }
  }
}

TEST_CASE("the oldest requests are loaded before they are asked for, and no more than the bound") {
  const WatchedSet set;
  Prefetcher prefetcher(2);
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 8; ++i) numbers.push_back(prefetcher.announce({&set, range(20 * i, 10), 0}));
  const int ahead = 10 * static_cast<int>(Prefetcher::kRequestsAhead);
  wait_until_idle(set);
  CHECK(set.loaded == ahead);
  prefetcher.take(numbers[0]);
  wait_until_idle(set);
  CHECK(set.loaded == ahead + 10);
  prefetcher.drop(numbers[1]);
  wait_until_idle(set);
  CHECK(set.loaded == ahead + 20);
  prefetcher.take(numbers[7]);  // out of turn
  CHECK(set.loaded >= ahead + 30);
}

TEST_CASE("an error reaches whoever takes the request, and nobody else") {
  const WatchedSet set;
  Prefetcher prefetcher(2);
  const std::uint64_t good = prefetcher.announce({&set, range(20, 10), 0});
  const std::uint64_t bad = prefetcher.announce({&set, range(5, 40), 0});
  const std::uint64_t after = prefetcher.announce({&set, range(30, 10), 0});
  CHECK(equal(prefetcher.take(good), set.load(range(20, 10), 0)));
  CHECK(test::message_of<DataError>([&] { prefetcher.take(bad); }) == "sample 13");
  CHECK(equal(prefetcher.take(after), set.load(range(30, 10), 0)));
}

TEST_CASE("a prefetcher that ends before its requests are loaded does not wait for them") {
  const WatchedSet set;
  {
    Prefetcher prefetcher(3);
    for (int i = 0; i < 20; ++i) prefetcher.announce({&set, range(0, 900), 0});
  }
  const int loaded = set.loaded;
  CHECK(loaded < 3 * 900);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(set.loaded == loaded);
  const Prefetcher idle(4);  // ends without ever having had work
}

}  // namespace
}  // namespace interlock::training
