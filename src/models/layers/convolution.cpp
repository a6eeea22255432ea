#include "models/layers/convolution.h"

#include <cmath>
#include <limits>

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

namespace {

// oneDNN 3.x (in LibTorch 2.11) computes the weight gradient of a strided 1 x 1 convolution of channels-last images with fewer
// channels than a vector register holds past the end of its workspace: other memory is overwritten, the gradient may be wrong
// (its issue 6035). Such a convolution looks at every `stride`-th pixel, so they are picked first.
constexpr std::int64_t kVectorChannels = 16;

bool overruns_workspace(const ConvolutionOptions& options, const at::Tensor& x) {
  return x.is_cpu() && options.kernel == 1 && options.stride > 1 && options.padding == 0 &&
         options.in < kVectorChannels;
}

at::Tensor every(std::int64_t stride, const at::Tensor& x) {
  constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
  return x.slice(2, 0, kEnd, stride).slice(3, 0, kEnd, stride).contiguous(x.suggest_memory_format());
}

}  // namespace

at::Tensor Convolution2d::forward(const at::Tensor& x, const ForwardContext&) {
  if (overruns_workspace(options_, x)) return at::conv2d(every(options_.stride, x), weight_, bias_);
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
