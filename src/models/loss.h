#pragma once
// The loss of one micro-batch, as its share of the mean over the whole batch.

#include <ATen/core/Tensor.h>

#include "config/config.h"
#include "models/layer.h"

namespace interlock::models {

class Loss {
 public:
  explicit Loss(const config::TrainingConfig& training)
      : kind_(training.loss), label_smoothing_(training.label_smoothing) {}

  // sum over the micro-batch's counted targets / (batch_samples x targets a sample): the shares of a batch's
  // micro-batches, ragged ones included, add up to the mean loss over the batch if all its targets are
  // counted. output: [n, ..., classes], targets: [n, ...]; for mean_squared_error both alike. Returns a
  // scalar, computed in float32 where the output has less.
  [[nodiscard]] at::Tensor share(const at::Tensor& output, const at::Tensor& targets,
                                 std::int64_t batch_samples) const;

  // Targets of a micro-batch that are not padding (kIgnoredTarget); samples for mean_squared_error.
  [[nodiscard]] std::int64_t counted(const at::Tensor& targets) const;
  // The same as a scalar where the targets are: nobody waits for a device.
  [[nodiscard]] at::Tensor counted_there(const at::Tensor& targets) const;

  // What a batch's sum of shares, and its gradients, must be multiplied by to be the mean over the counted
  // targets: 1 where none is padding. How many count is known only when the last micro-batch has come, so the
  // factor is applied at the end: gradients are linear in it.
  [[nodiscard]] double correction(std::int64_t batch_samples, const Shape& target_shape,
                                  std::int64_t counted) const;

  // How many outputs have their largest entry at the target, as a scalar where the output is; 0 for regression.
  [[nodiscard]] at::Tensor correct_there(const at::Tensor& output, const at::Tensor& targets) const;

 private:
  config::LossKind kind_;
  double label_smoothing_;
};

}  // namespace interlock::models
