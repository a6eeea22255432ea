#include "models/loss.h"

#include <torch/types.h>

#include "common/ids.h"

namespace interlock::models {

at::Tensor Loss::share(const at::Tensor& output, const at::Tensor& targets,
                       std::int64_t batch_samples) const {
  if (at::isReducedFloatingType(output.scalar_type()))
    return share(output.to(at::kFloat), targets, batch_samples);
  if (kind_ == config::LossKind::kMeanSquaredError) {
    const auto per_sample = static_cast<double>(targets.numel() / targets.size(0));
    return at::mse_loss(output, targets, at::Reduction::Sum) /
           (per_sample * static_cast<double>(batch_samples));
  }
  const at::Tensor sum = at::cross_entropy_loss(output.flatten(0, -2), targets.flatten(), /*weight=*/{},
                                                at::Reduction::Sum, kIgnoredTarget, label_smoothing_);
  const std::int64_t per_sample = targets.numel() / targets.size(0);
  return sum / static_cast<double>(per_sample * batch_samples);
}

at::Tensor Loss::counted_there(const at::Tensor& targets) const {
  // Class numbers of whole samples are checked when the data is opened: none of them is padding.
  if (kind_ == config::LossKind::kMeanSquaredError || targets.dim() == 1)
    return torch::full({}, targets.size(0), torch::kLong);
  return targets.ne(kIgnoredTarget).sum();
}

std::int64_t Loss::counted(const at::Tensor& targets) const {
  return counted_there(targets).item<std::int64_t>();
}

double Loss::correction(std::int64_t batch_samples, const Shape& target_shape, std::int64_t counted) const {
  const bool by_sample = kind_ == config::LossKind::kMeanSquaredError;
  const std::int64_t all = batch_samples * (by_sample ? 1 : element_count(target_shape));
  return all == counted || counted == 0 ? 1.0 : static_cast<double>(all) / static_cast<double>(counted);
}

at::Tensor Loss::correct_there(const at::Tensor& output, const at::Tensor& targets) const {
  if (kind_ == config::LossKind::kMeanSquaredError)
    return torch::zeros({}, output.options().dtype(torch::kLong));
  return output.argmax(-1).eq(targets).sum();
}

}  // namespace interlock::models
