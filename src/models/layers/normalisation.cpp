#include "models/layers/normalisation.h"

#include <algorithm>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/text.h"
#include "models/layers/convolution.h"
#include "models/layers/factories.h"
#include "models/layers/synchronised_batch_norm.h"

namespace interlock::models {

BatchNorm2d::BatchNorm2d(std::int64_t channels, double epsilon, double momentum)
    : channels_(channels), epsilon_(epsilon), momentum_(momentum) {
  weight_ = register_parameter("weight", torch::empty({channels}));
  bias_ = register_parameter("bias", torch::empty({channels}));
  running_mean_ = register_buffer("running_mean", torch::zeros({channels}));
  running_var_ = register_buffer("running_var", torch::ones({channels}));
  num_batches_tracked_ = register_buffer("num_batches_tracked", torch::zeros({}, torch::kLong));
}

Shape BatchNorm2d::output_shape(const Shape& in) const {
  require_image(in, channels_);
  return in;
}

at::Tensor BatchNorm2d::forward(const at::Tensor& x, const ForwardContext& context) {
  if (context.training && context.replicas != nullptr) return forward_with_replicas(x, context);
  if (context.training && context.recomputing) {  // batch statistics alone; the running ones have this batch
    return at::batch_norm(x, weight_, bias_, {}, {}, /*training=*/true, momentum_, epsilon_,
                          /*cudnn_enabled=*/true);
  }
  if (context.training) num_batches_tracked_.add_(1);
  return at::batch_norm(x, weight_, bias_, running_mean_, running_var_, context.training, momentum_, epsilon_,
                        /*cudnn_enabled=*/true);
}

at::Tensor BatchNorm2d::forward_with_replicas(const at::Tensor& x, const ForwardContext& context) {
  const BatchStatistics statistics = gather_statistics(x, context.micro_batch_samples, *context.replicas);
  if (!context.recomputing) {
    const at::NoGradGuard no_grad;
    num_batches_tracked_.add_(1);
    running_mean_.lerp_(statistics.mean, momentum_);
    const double unbiased = statistics.count / std::max(1.0, statistics.count - 1);
    running_var_.lerp_(statistics.variance * unbiased, momentum_);
  }
  return synchronised_batch_norm(x, weight_, bias_, statistics, epsilon_, *context.replicas);
}

void BatchNorm2d::initialise() {
  const at::NoGradGuard no_grad;
  weight_.fill_(1);
  bias_.zero_();
}

LayerPtr make_batchnorm2d(const config::LayerSpec& spec) {
  spec.reject_unknown({"channels", "epsilon", "momentum"});
  return std::make_shared<BatchNorm2d>(spec.required_int("channels", 1),
                                       spec.double_or("epsilon", 1e-5, 0, 1),
                                       spec.double_or("momentum", 0.1, 0, 1));
}

LayerNorm::LayerNorm(std::int64_t features, double epsilon) : features_(features), epsilon_(epsilon) {
  weight_ = register_parameter("weight", torch::empty({features}));
  bias_ = register_parameter("bias", torch::empty({features}));
}

Shape LayerNorm::output_shape(const Shape& in) const {
  if (in.empty() || in.back() != features_) {
    throw ShapeMismatch(
        fmt::format("takes {} features in the last dimension but gets {}", features_, format_shape(in)));
  }
  return in;
}

at::Tensor LayerNorm::forward(const at::Tensor& x, const ForwardContext&) {
  return at::layer_norm(x, {features_}, weight_, bias_, epsilon_);
}

void LayerNorm::initialise() {
  const at::NoGradGuard no_grad;
  weight_.fill_(1);
  bias_.zero_();
}

LayerPtr make_layernorm(const config::LayerSpec& spec) {
  spec.reject_unknown({"features", "epsilon"});
  return std::make_shared<LayerNorm>(spec.required_int("features", 1), spec.double_or("epsilon", 1e-5, 0, 1));
}

}  // namespace interlock::models
