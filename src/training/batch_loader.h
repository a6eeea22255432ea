#pragma once
// The micro-batches of an order: which samples, loaded. The one place that maps batches to samples.

#include <vector>

#include "data/dataset.h"
#include "schedule/protocol.h"
#include "training/run_plan.h"

namespace interlock::training {

// Threads: one. Keeps the order of samples of the epoch it was last asked for.
class BatchLoader {
 public:
  // `source` must outlive the loader.
  BatchLoader(const RunPlan& plan, const data::DataSource& source) : plan_(plan), source_(source) {}

  // Micro-batch m of a kTrain or kEvaluate order.
  data::Batch load(const schedule::Order& order, int m);

  // All micro-batches of an order.
  std::vector<data::Batch> load_all(const schedule::Order& order);

 private:
  const RunPlan& plan_;
  const data::DataSource& source_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> epoch_order_;
};

}  // namespace interlock::training
