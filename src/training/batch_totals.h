#pragma once
// Sums over the micro-batches of one batch: loss, hits, targets. On an accelerator they stay there until
// somebody reads them, so that no micro-batch makes the host wait for the device.

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace interlock::training {

struct BatchSums {
  bool has_loss = false;
  double loss = 0;  // mean over the batch
  std::int64_t correct = 0;
  std::int64_t counted = 0;  // targets that are not padding; samples where each has one target
};

class BatchTotals {
 public:
  void clear();

  // Scalars, on whatever device.
  void add_loss(const at::Tensor& share, const at::Tensor& hits);
  void add_counted(const at::Tensor& counted);

  // Once for a batch: the loss is multiplied by this.
  void scale_loss(double factor);
  // Without computing anything: a simulated device's.
  void set_counted(std::int64_t counted) { sums_.counted = counted; }

  // Waits for an accelerator, once, where something was added since the last read.
  [[nodiscard]] const BatchSums& read() const;

 private:
  mutable BatchSums sums_;
  mutable at::Tensor loss_, correct_, counted_;  // on an accelerator, not yet read; float64, int64
};

}  // namespace interlock::training
