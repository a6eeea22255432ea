#pragma once
// Sums over a group of ranks: the gradients of a stage's replicas.

#include <ATen/core/Tensor.h>

namespace interlock::comm {

// Threads: the one that computes. Errors: PeerError once the transport has failed.
class AllReduce {
 public:
  virtual ~AllReduce() = default;

  // Begins to sum `bucket` (one dimension, contiguous, floating point) over the group, in place: it must not
  // be touched before finish(). Buckets must be started in the same order, with the same sizes, on all ranks.
  virtual void start(const at::Tensor& bucket) = 0;

  // Lets what is under way move on; cheap.
  virtual void advance() {}

  // All buckets that were started hold the sums: for the caller, or on a GPU for whatever it gives the
  // compute stream to do from now on.
  virtual void finish() = 0;
};

}  // namespace interlock::comm
