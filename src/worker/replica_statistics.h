#pragma once
// models::ReplicaExchange over a sum: each replica adds its vector into a row of its own of zeros. Exact, as
// x + 0 = x, and the same on every transport.

#include "comm/all_reduce.h"
#include "models/layer.h"

namespace interlock::worker {

class ReplicaStatistics : public models::ReplicaExchange {
 public:
  // `sum` must outlive it and serve nothing else: batch norm may ask in the middle of a backward pass.
  ReplicaStatistics(comm::AllReduce& sum, int own, int replicas)
      : sum_(sum), own_(own), replicas_(replicas) {}
  [[nodiscard]] at::Tensor gather(const at::Tensor& own) const override;

 private:
  comm::AllReduce& sum_;
  const int own_;
  const int replicas_;
};

}  // namespace interlock::worker
