#pragma once
// Sums over the micro-batches of one batch: loss, hits, targets. On an accelerator they stay there until
// somebody reads them, so that no micro-batch makes the host wait for the device.

#include <cstdint>
#include <vector>

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

  // Of the sums, only this: known at once where targets are counted by samples.
  [[nodiscard]] std::int64_t counted() const { return counted_.defined() ? read().counted : sums_.counted; }

  // read() in two steps, for who reads other scalars of the accelerator at the same time: what is not yet read, as
  // float64, and those values in that order once they are here.
  [[nodiscard]] std::vector<at::Tensor> unread() const;
  const double* accept(const double* values) const;  // returns what follows them

 private:
  mutable BatchSums sums_;
  mutable at::Tensor loss_, correct_, counted_;  // on an accelerator, not yet read; float64, int64
};

}  // namespace interlock::training
