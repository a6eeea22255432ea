#pragma once
// The micro-batches of an order: which samples, loaded. The one place that maps batches to samples.

#include <deque>
#include <optional>
#include <vector>

#include "common/placement.h"
#include "data/dataset.h"
#include "schedule/protocol.h"
#include "training/prefetcher.h"
#include "training/run_plan.h"

namespace interlock::training {

// Threads: one. With data.threads, others load ahead what orders will ask for; the micro-batches are the
// same. Keeps the order of samples of the epoch it was last asked for.
class BatchLoader {
 public:
  // `source` must outlive the loader. Loads replica `replica`'s part of each micro-batch out of `replicas`.
  BatchLoader(const RunPlan& plan, const data::DataSource& source, int replica = 0, int replicas = 1);

  // This order will be asked for after those expected before: loading ahead may begin. Without data.threads,
  // or for a `source` without data, nothing happens.
  void expect(const schedule::Order& order);

  // Micro-batch m of a kTrain or kEvaluate order, expected or not; once each where it was expected. REQUIRES
  // that the part has samples.
  data::Batch load(const schedule::Order& order, int m);

  // All micro-batches of an order.
  std::vector<data::Batch> load_all(const schedule::Order& order);

 private:
  struct Expected {
    schedule::Order order;
    int m = 0;
    std::uint64_t number = 0;  // by which the prefetcher knows it
  };

  [[nodiscard]] int micro_batches(const schedule::Order& order) const;
  [[nodiscard]] SampleRange range_of(const schedule::Order& order, int m) const;
  LoadRequest request_of(const schedule::Order& order, int m);

  const RunPlan& plan_;
  const data::DataSource& source_;
  const int replica_, replicas_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> epoch_order_;
  std::optional<Prefetcher> prefetcher_;
  std::deque<Expected> expected_;
};

}  // namespace interlock::training
