#pragma once

#include "models/layer.h"

namespace interlock::models {

// y = x Wt + b over the last dimension. Weight [out, in]; PyTorch's default initialisation.
class Linear : public Layer {
 public:
  Linear(std::int64_t in, std::int64_t out, bool bias);
  [[nodiscard]] Shape output_shape(const Shape& in) const override;
  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override;
  void initialise() override;

  [[nodiscard]] const at::Tensor& weight() const { return weight_; }
  [[nodiscard]] const at::Tensor& bias() const { return bias_; }  // undefined without bias

 private:
  std::int64_t in_;
  std::int64_t out_;
  at::Tensor weight_;
  at::Tensor bias_;
};

}  // namespace interlock::models
