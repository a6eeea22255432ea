#pragma once
// The loss of one micro-batch, as its share of the mean over the whole batch.

#include <ATen/core/Tensor.h>

#include "config/config.h"

namespace interlock::models {

class Loss {
 public:
  explicit Loss(const config::TrainingConfig& training)
      : kind_(training.loss), label_smoothing_(training.label_smoothing) {}

  // sum over the micro-batch / batch_samples: the shares of a batch's micro-batches, ragged ones included,
  // add up to the mean loss over the batch. Returns a scalar.
  [[nodiscard]] at::Tensor share(const at::Tensor& output, const at::Tensor& targets,
                                 std::int64_t batch_samples) const;

  // How many outputs have their largest entry at the target; 0 for regression.
  [[nodiscard]] std::int64_t correct(const at::Tensor& output, const at::Tensor& targets) const;

 private:
  config::LossKind kind_;
  double label_smoothing_;
};

}  // namespace interlock::models
