#include "training/batch_loader.h"

#include <algorithm>

#include "data/sampler.h"
#include "data/tensor_dataset.h"
#include "support/small_runs.h"

namespace interlock::training {
namespace {

using Samples = std::vector<std::int64_t>;
using schedule::Order;
using schedule::OrderKind;

// 10 training samples and 5 evaluation samples whose targets are their own numbers (evaluation: from 100).
data::DataSource numbered_samples() {
  data::DataSource source;
  source.info = {{6}, {}, 4, false, 10, 5};
  source.train = std::make_unique<data::TensorDataset>(torch::zeros({10, 6}), torch::arange(10));
  source.eval = std::make_unique<data::TensorDataset>(torch::zeros({5, 6}), torch::arange(100, 105));
  return source;
}

struct Loader {
  explicit Loader(const std::string& shuffle, int threads = 0)
      : source(numbered_samples()),
        plan(make_run_plan(
            config::parse_config(std::string(test::kMlp) + "data: {kind: tensors, path: none, shuffle: " +
                                     shuffle + ", threads: " + std::to_string(threads) +
                                     "}\ntraining: {batch_size: 7}\nschedule: {micro_batches: 3}",
                                 "a.yaml", {}),
            source.info)),
        loader(plan, source) {}

  std::vector<Samples> load_all(const Order& order) {
    std::vector<Samples> numbers;
    for (const data::Batch& batch : loader.load_all(order)) numbers.push_back(numbers_of(batch));
    return numbers;
  }
  static Samples numbers_of(const data::Batch& batch) {
    CHECK(batch.inputs.size(0) == batch.targets.size(0));
    const auto* first = batch.targets.const_data_ptr<std::int64_t>();
    return {first, first + batch.targets.numel()};
  }

  data::DataSource source;
  RunPlan plan;
  BatchLoader loader;
};

Order train(std::int64_t epoch, std::int64_t first, std::int64_t samples) {
  return {OrderKind::kTrain, 0, epoch, 1, first, samples};
}

TEST_CASE("a batch is cut into micro-batches, the last of them and the last batch ragged") {
  Loader loader("false");
  CHECK(loader.load_all(train(0, 0, 7)) == std::vector<Samples>{{0, 1, 2}, {3, 4, 5}, {6}});
  CHECK(loader.load_all(train(0, 7, 3)) == std::vector<Samples>{{7, 8, 9}});
}

TEST_CASE("one micro-batch alone is the one of the whole batch") {
  Loader loader("true");
  const std::vector<Samples> all = loader.load_all(train(0, 0, 7));
  for (int m = 2; m >= 0; --m) {
    CHECK(Loader::numbers_of(loader.loader.load(train(0, 0, 7), m)) == all[static_cast<std::size_t>(m)]);
  }
}

TEST_CASE("with shuffling, an epoch's batches are the epoch's order, whichever epoch was read before") {
  Loader loader("true");
  for (const std::int64_t epoch : {0, 1, 0}) {
    Samples seen;
    for (const Order& order : {train(epoch, 0, 7), train(epoch, 7, 3)}) {
      for (const Samples& numbers : loader.load_all(order))
        seen.insert(seen.end(), numbers.begin(), numbers.end());
    }
    CHECK(seen == data::epoch_order(10, true, loader.plan.config.training.seed, epoch));
  }
}

TEST_CASE("evaluation reads its own samples in order and leaves the training order alone") {
  Loader loader("true");
  const std::vector<Samples> before = loader.load_all(train(0, 0, 7));
  CHECK(loader.load_all({OrderKind::kEvaluate, 1, 3, 9, 0, 5}) ==
        std::vector<Samples>{{100, 101, 102}, {103, 104}});
  CHECK(loader.load_all({OrderKind::kEvaluate, 1, 3, 9, 4, 1}) == std::vector<Samples>{{104}});
  CHECK(loader.load_all(train(0, 0, 7)) == before);
}

TEST_CASE("with threads, orders that are expected, not expected or skipped give the same micro-batches") {
  Loader plain("true");
  Loader ahead("true", 2);
  const std::vector<Order> orders = {train(0, 0, 7), train(0, 7, 3), {OrderKind::kEvaluate, 1, 0, 2, 0, 5},
                                     train(1, 0, 7), train(1, 7, 3), train(2, 0, 7)};
  const std::size_t skipped = 3;
  for (const Order& order : orders) {
    if (order.epoch < 2) ahead.loader.expect(order);
  }
  ahead.loader.expect({OrderKind::kFinish});
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (i != skipped) CHECK(ahead.load_all(orders[i]) == plain.load_all(orders[i]));
  }
  CHECK(ahead.load_all(orders[skipped]) == plain.load_all(orders[skipped]));
}

// 7 samples in micro-batches of 3, 3 and 1: of the last one, only the first replica has a part.
TEST_CASE("replicas' parts of a micro-batch, one after the other, are the micro-batch; with threads too") {
  for (const int threads : {0, 2}) {
    Loader whole("true", threads);
    const Order order{OrderKind::kTrain, 0, 0, 1, 0, 7};
    BatchLoader first(whole.plan, whole.source, 0, 2), second(whole.plan, whole.source, 1, 2);
    first.expect(order);
    second.expect(order);
    for (int m = 0; m < 3; ++m) {
      Samples parts = Loader::numbers_of(first.load(order, m));
      if (m < 2) {
        const Samples rest = Loader::numbers_of(second.load(order, m));
        parts.insert(parts.end(), rest.begin(), rest.end());
      }
      CHECK(parts == Loader::numbers_of(whole.loader.load(order, m)));
    }
  }
}

TEST_CASE("a loader without data, as on every stage but the first, expects orders and does nothing") {
  const Loader with_data("true", 2);
  const data::DataSource nothing;
  BatchLoader loader(with_data.plan, nothing);
  loader.expect(train(0, 0, 7));
}

}  // namespace
}  // namespace interlock::training
