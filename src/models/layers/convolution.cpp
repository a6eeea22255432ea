#include "models/layers/convolution.h"

#include <cmath>

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/types.h>

#include "common/text.h"
#include "models/layers/factories.h"

namespace interlock::models {

std::int64_t windowed_size(std::int64_t size, std::int64_t kernel, std::int64_t stride,
                           std::int64_t padding) {
  if (size + 2 * padding < kernel) {
    throw ShapeMismatch(fmt::format("has a window of {} but the input, with padding, is only {} wide", kernel,
                                    size + 2 * padding));
  }
  return (size + 2 * padding - kernel) / stride + 1;
}

void require_image(const Shape& in, std::int64_t channels) {
  if (in.size() != 3)
    throw ShapeMismatch(fmt::format("takes [channels, height, width] but gets {}", format_shape(in)));
  if (channels != 0 && in[0] != channels) {
    throw ShapeMismatch(fmt::format("takes {} channels but gets {}", channels, format_shape(in)));
  }
}

Convolution2d::Convolution2d(const ConvolutionOptions& options) : options_(options) {
  weight_ =
      register_parameter("weight", torch::empty({options.out, options.in, options.kernel, options.kernel}));
  if (options.bias) bias_ = register_parameter("bias", torch::empty({options.out}));
}

Shape Convolution2d::output_shape(const Shape& in) const {
  require_image(in, options_.in);
  return {options_.out, windowed_size(in[1], options_.kernel, options_.stride, options_.padding),
          windowed_size(in[2], options_.kernel, options_.stride, options_.padding)};
}

at::Tensor Convolution2d::forward(const at::Tensor& x, const ForwardContext&) {
  return at::conv2d(x, weight_, bias_, options_.stride, options_.padding);
}

void Convolution2d::initialise() {
  if (options_.init == ConvolutionInit::kKaimingFanOut) {
    torch::nn::init::kaiming_normal_(weight_, 0, torch::kFanOut, torch::kReLU);
  } else {
    torch::nn::init::kaiming_uniform_(weight_, std::sqrt(5.0));
  }
  const double bound = 1 / std::sqrt(static_cast<double>(options_.in * options_.kernel * options_.kernel));
  if (bias_.defined()) torch::nn::init::uniform_(bias_, -bound, bound);
}

LayerPtr make_conv2d(const config::LayerSpec& spec) {
  spec.reject_unknown({"in", "out", "kernel", "stride", "padding", "bias"});
  ConvolutionOptions options;
  options.in = spec.required_int("in", 1);
  options.out = spec.required_int("out", 1);
  options.kernel = spec.int_or("kernel", 3, 1);
  options.stride = spec.int_or("stride", 1, 1);
  options.padding = spec.int_or("padding", 0, 0);
  options.bias = spec.bool_or("bias", true);
  return std::make_shared<Convolution2d>(options);
}

}  // namespace interlock::models
