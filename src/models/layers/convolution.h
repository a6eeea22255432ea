#pragma once

#include "models/layer.h"

namespace interlock::models {

enum class ConvolutionInit {
  kTorchDefault,  // uniform, by fan-in
  kKaimingFanOut  // normal, as ResNets are started
};

struct ConvolutionOptions {
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  bool bias = true;
  ConvolutionInit init = ConvolutionInit::kTorchDefault;
};

// [in, H, W] -> [out, H', W']. Weight [out, in, kernel, kernel].
class Convolution2d : public Layer {
 public:
  explicit Convolution2d(const ConvolutionOptions& options);
  [[nodiscard]] Shape output_shape(const Shape& in) const override;
  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override;
  void initialise() override;

 private:
  ConvolutionOptions options_;
  at::Tensor weight_;
  at::Tensor bias_;
};

// Height or width after a sliding window; throws ShapeMismatch where nothing is left.
std::int64_t windowed_size(std::int64_t size, std::int64_t kernel, std::int64_t stride, std::int64_t padding);

// Throws ShapeMismatch unless `in` is [channels, H, W]; channels = 0 accepts any.
void require_image(const Shape& in, std::int64_t channels);

}  // namespace interlock::models
