#pragma once

#include "models/layer.h"

namespace interlock::models {

// Batch normalisation over [C, H, W]; statistics of one micro-batch while training (of a replica's part of
// it, unless the context has the replicas' exchange). Weight 1, bias 0 to start.
class BatchNorm2d : public Layer {
 public:
  explicit BatchNorm2d(std::int64_t channels, double epsilon = 1e-5, double momentum = 0.1);
  [[nodiscard]] Shape output_shape(const Shape& in) const override;
  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override;
  void initialise() override;

 private:
  at::Tensor forward_with_replicas(const at::Tensor& x, const ForwardContext& context);

  std::int64_t channels_;
  double epsilon_;
  double momentum_;
  at::Tensor weight_, bias_, running_mean_, running_var_, num_batches_tracked_;
};

// Layer normalisation over the last dimension. Weight 1, bias 0 to start.
class LayerNorm : public Layer {
 public:
  explicit LayerNorm(std::int64_t features, double epsilon = 1e-5);
  [[nodiscard]] Shape output_shape(const Shape& in) const override;
  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override;
  void initialise() override;

 private:
  std::int64_t features_;
  double epsilon_;
  at::Tensor weight_, bias_;
};

}  // namespace interlock::models
