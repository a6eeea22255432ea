#include "models/layers/linear.h"

#include <cmath>

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/types.h>

#include "common/text.h"
#include "models/layers/factories.h"

namespace interlock::models {

Linear::Linear(std::int64_t in, std::int64_t out, bool bias) : in_(in), out_(out) {
  weight_ = register_parameter("weight", torch::empty({out, in}));
  if (bias) bias_ = register_parameter("bias", torch::empty({out}));
}

Shape Linear::output_shape(const Shape& in) const {
  if (in.empty() || in.back() != in_) {
    throw ShapeMismatch(fmt::format("takes {} features in the last dimension but gets {}{}", in_,
                                    format_shape(in),
                                    in.empty() ? "" : fmt::format("; write in: {}", in.back())));
  }
  Shape out = in;
  out.back() = out_;
  return out;
}

at::Tensor Linear::forward(const at::Tensor& x, const ForwardContext&) {
  return at::linear(x, weight_, bias_);
}

void Linear::initialise() {
  torch::nn::init::kaiming_uniform_(weight_, std::sqrt(5.0));
  const double bound = 1 / std::sqrt(static_cast<double>(in_));
  if (bias_.defined()) torch::nn::init::uniform_(bias_, -bound, bound);
}

LayerPtr make_linear(const config::LayerSpec& spec) {
  spec.reject_unknown({"in", "out", "bias"});
  return std::make_shared<Linear>(spec.required_int("in", 1), spec.required_int("out", 1),
                                  spec.bool_or("bias", true));
}

}  // namespace interlock::models
