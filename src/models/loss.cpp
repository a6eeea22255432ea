#include "models/loss.h"

#include <torch/types.h>

namespace interlock::models {

at::Tensor Loss::share(const at::Tensor& output, const at::Tensor& targets,
                       std::int64_t batch_samples) const {
  if (kind_ == config::LossKind::kMeanSquaredError) {
    const auto per_sample = static_cast<double>(targets.numel() / targets.size(0));
    return at::mse_loss(output, targets, at::Reduction::Sum) /
           (per_sample * static_cast<double>(batch_samples));
  }
  const at::Tensor sum = at::cross_entropy_loss(output, targets, /*weight=*/{}, at::Reduction::Sum,
                                                /*ignore_index=*/-100, label_smoothing_);
  return sum / static_cast<double>(batch_samples);
}

std::int64_t Loss::correct(const at::Tensor& output, const at::Tensor& targets) const {
  if (kind_ == config::LossKind::kMeanSquaredError) return 0;
  return output.argmax(1).eq(targets).sum().item<std::int64_t>();
}

}  // namespace interlock::models
