#pragma once
// Sums a stage's gradients over its replicas, in buckets of several parameters, each bucket as soon as its
// gradients are complete: while the rest of the backward pass is still computed.
//
// Owns:    one flat buffer a bucket. Threads: the worker's main thread; on an accelerator also autograd's,
//          while the main thread waits for it.
// The last layers' gradients are complete first, so buckets are filled from the head, and from the last
// layers, backwards, and started in this order on all replicas.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "comm/all_reduce.h"

namespace interlock::worker {

class GradientBuckets {
 public:
  enum class Part { kHead, kMain };

  // `sum` must outlive it. Parameters in the order of the layers.
  GradientBuckets(const std::vector<at::Tensor>& head, const std::vector<at::Tensor>& main,
                  comm::AllReduce& sum, double bucket_mebibytes);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  // The next gradient that each of the part's parameters accumulates is its last of this batch.
  void expect_last(Part part);

  // Before the update: all gradients are the sums over the replicas. A replica without samples adds zeros.
  void finish();

 private:
  struct Entry {
    at::Tensor parameter;
    Part part{};
    std::size_t bucket = 0;
    std::int64_t offset = 0;
  };
  struct Bucket {
    at::Tensor sums;  // flat
    std::size_t first = 0, end = 0;
    std::size_t missing = 0;  // gradients not complete yet
    bool started = false;
  };
  class Hook;
  void assign_buckets(double bucket_mebibytes);
  void complete(std::size_t entry);
  void start_ready();
  void start(Bucket& bucket);
  [[nodiscard]] at::Tensor slot(const Entry& entry) const;

  comm::AllReduce& sum_;
  std::vector<Entry> entries_;
  std::vector<Bucket> buckets_;
  std::size_t next_ = 0;  // bucket to start
  bool last_[2] = {false, false};
};

}  // namespace interlock::worker
