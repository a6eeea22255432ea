// Layers that change shapes without weights: pooling and flatten.

#include <fmt/format.h>
#include <torch/types.h>

#include "common/text.h"
#include "models/layers/convolution.h"
#include "models/layers/factories.h"

namespace interlock::models {
namespace {

enum class PoolKind { kMax, kAverage };

class Pool2d : public Layer {
 public:
  Pool2d(PoolKind kind, std::int64_t kernel, std::int64_t stride, std::int64_t padding)
      : kind_(kind), kernel_(kernel), stride_(stride), padding_(padding) {}
  [[nodiscard]] Shape output_shape(const Shape& in) const override {
    require_image(in, 0);
    return {in[0], windowed_size(in[1], kernel_, stride_, padding_),
            windowed_size(in[2], kernel_, stride_, padding_)};
  }
  at::Tensor forward(const at::Tensor& x, const ForwardContext&) override {
    if (kind_ == PoolKind::kMax) return at::max_pool2d(x, kernel_, stride_, padding_);
    return at::avg_pool2d(x, kernel_, stride_, padding_);
  }

 private:
  PoolKind kind_;
  std::int64_t kernel_, stride_, padding_;
};

LayerPtr make_pool(const config::LayerSpec& spec, PoolKind kind) {
  spec.reject_unknown({"kernel", "stride", "padding"});
  const std::int64_t kernel = spec.int_or("kernel", 2, 1);
  const std::int64_t padding = spec.int_or("padding", 0, 0);
  if (2 * padding > kernel) config::fail(spec.where, spec.kind, "padding must be at most half the kernel");
  return std::make_shared<Pool2d>(kind, kernel, spec.int_or("stride", kernel, 1), padding);
}

// Mean over height and width: [C, H, W] -> [C].
class GlobalPool : public Layer {
 public:
  [[nodiscard]] Shape output_shape(const Shape& in) const override {
    require_image(in, 0);
    return {in[0]};
  }
  at::Tensor forward(const at::Tensor& x, const ForwardContext&) override { return x.mean({2, 3}); }
};

class Flatten : public Layer {
 public:
  [[nodiscard]] Shape output_shape(const Shape& in) const override { return {element_count(in)}; }
  at::Tensor forward(const at::Tensor& x, const ForwardContext&) override { return x.flatten(1); }
};

}  // namespace

LayerPtr make_maxpool2d(const config::LayerSpec& spec) {
  return make_pool(spec, PoolKind::kMax);
}
LayerPtr make_avgpool2d(const config::LayerSpec& spec) {
  return make_pool(spec, PoolKind::kAverage);
}
LayerPtr make_gbpl(const config::LayerSpec& spec) {
  spec.reject_unknown({});
  return std::make_shared<GlobalPool>();
}
LayerPtr make_flatten(const config::LayerSpec& spec) {
  spec.reject_unknown({});
  return std::make_shared<Flatten>();
}

}  // namespace interlock::models
