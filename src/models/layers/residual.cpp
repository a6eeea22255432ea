// What ResNets are made of. Names inside a block are torchvision's (conv1, bn1, ..., downsample.0,
// downsample.1), so that exported weights load there with strict=True.

#include <torch/types.h>

#include "models/layers/convolution.h"
#include "models/layers/factories.h"
#include "models/layers/normalisation.h"

namespace interlock::models {
namespace {

using ConvPtr = std::shared_ptr<Convolution2d>;
using NormPtr = std::shared_ptr<BatchNorm2d>;

constexpr std::int64_t kBottleneckExpansion = 4;

ConvPtr convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return std::make_shared<Convolution2d>(ConvolutionOptions{in, out, kernel, stride, kernel / 2,
                                                            /*bias=*/false, ConvolutionInit::kKaimingFanOut});
}

// A convolution with its batch norm, the pair every part of a ResNet consists of.
struct ConvNorm {
  ConvPtr conv;
  NormPtr norm;

  [[nodiscard]] Shape output_shape(const Shape& in) const { return conv->output_shape(in); }
  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) const {
    return norm->forward(conv->forward(x, context), context);
  }
  void initialise() const {
    conv->initialise();
    norm->initialise();
  }
};

// conv-norm pairs with ReLU between them, plus the input (through a 1x1 projection where shapes differ), then
// ReLU.
class ResidualBlock : public Layer {
 public:
  // kernels: one entry a convolution; `stride` sits on the first 3x3 of them.
  ResidualBlock(std::int64_t in, const std::vector<std::int64_t>& widths,
                const std::vector<std::int64_t>& kernels, std::int64_t stride) {
    std::int64_t channels = in;
    std::int64_t pending_stride = stride;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::int64_t own_stride = kernels[i] == 3 ? std::exchange(pending_stride, 1) : 1;
      const std::string number = std::to_string(i + 1);
      path_.push_back(
          {register_module("conv" + number, convolution(channels, widths[i], kernels[i], own_stride)),
           register_module("bn" + number, std::make_shared<BatchNorm2d>(widths[i]))});
      channels = widths[i];
    }
    if (stride != 1 || in != channels) {
      const auto projection = register_module("downsample", std::make_shared<torch::nn::Module>());
      projection_ = {projection->register_module("0", convolution(in, channels, 1, stride)),
                     projection->register_module("1", std::make_shared<BatchNorm2d>(channels))};
    }
  }

  [[nodiscard]] Shape output_shape(const Shape& in) const override {
    Shape shape = in;
    for (const ConvNorm& part : path_) shape = part.output_shape(shape);
    return shape;
  }

  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override {
    at::Tensor y = x;
    for (std::size_t i = 0; i < path_.size(); ++i) {
      y = path_[i].forward(y, context);
      if (i + 1 < path_.size()) y.relu_();  // in place: batch norm keeps its input, not its output
    }
    const at::Tensor shortcut = projection_.conv ? projection_.forward(x, context) : x;
    return y.add_(shortcut).relu_();
  }

  void initialise() override {
    for (const ConvNorm& part : path_) part.initialise();
    if (projection_.conv) projection_.initialise();
  }

  [[nodiscard]] std::int64_t activation_elements(const Shape& in) const override {
    std::int64_t total = 0;
    Shape shape = in;
    for (const ConvNorm& part : path_) {
      shape = part.output_shape(shape);
      total += 2 * element_count(shape);  // the convolution's output and the norm's
    }
    return total + (projection_.conv ? element_count(shape) : 0);
  }

 private:
  std::vector<ConvNorm> path_;
  ConvNorm projection_;  // null pointers where the shortcut is the identity
};

// 3x3 stride 1 for small images; 7x7 stride 2 and a 3x3 max pool stride 2 for ImageNet.
class ResnetStem : public Layer {
 public:
  ResnetStem(std::int64_t in, std::int64_t out, bool imagenet) : imagenet_(imagenet) {
    first_ = {register_module("conv1", imagenet ? convolution(in, out, 7, 2) : convolution(in, out, 3, 1)),
              register_module("bn1", std::make_shared<BatchNorm2d>(out))};
  }
  [[nodiscard]] Shape output_shape(const Shape& in) const override {
    Shape shape = first_.output_shape(in);
    if (imagenet_) shape = {shape[0], windowed_size(shape[1], 3, 2, 1), windowed_size(shape[2], 3, 2, 1)};
    return shape;
  }
  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override {
    const at::Tensor y = first_.forward(x, context).relu_();
    return imagenet_ ? at::max_pool2d(y, 3, 2, 1) : y;
  }
  void initialise() override { first_.initialise(); }
  [[nodiscard]] std::int64_t activation_elements(const Shape& in) const override {
    return 2 * element_count(first_.output_shape(in)) + (imagenet_ ? element_count(output_shape(in)) : 0);
  }

 private:
  ConvNorm first_;
  bool imagenet_;
};

}  // namespace

LayerPtr make_basic_block(const config::LayerSpec& spec) {
  spec.reject_unknown({"in", "width", "stride"});
  const std::int64_t width = spec.required_int("width", 1);
  return std::make_shared<ResidualBlock>(spec.required_int("in", 1), std::vector<std::int64_t>{width, width},
                                         std::vector<std::int64_t>{3, 3}, spec.int_or("stride", 1, 1));
}

LayerPtr make_bottleneck_block(const config::LayerSpec& spec) {
  spec.reject_unknown({"in", "width", "stride"});
  const std::int64_t width = spec.required_int("width", 1);
  return std::make_shared<ResidualBlock>(
      spec.required_int("in", 1), std::vector<std::int64_t>{width, width, width * kBottleneckExpansion},
      std::vector<std::int64_t>{1, 3, 1}, spec.int_or("stride", 1, 1));
}

LayerPtr make_resnet_stem(const config::LayerSpec& spec) {
  spec.reject_unknown({"in", "out", "imagenet"});
  return std::make_shared<ResnetStem>(spec.required_int("in", 1), spec.required_int("out", 1),
                                      spec.bool_or("imagenet", false));
}

}  // namespace interlock::models
