#pragma once
// Squeeze and excitation (Hu et al., 2018): each channel of an image is scaled by a number between 0 and 1,
// which two small linear layers make from the means of all channels. [channels, H, W] -> the same shape.

#include <interlock/models/layer.h>

class SqueezeExcitation : public interlock::models::Layer {
 public:
  // `reduction`: how many channels share one hidden unit; it divides `channels`.
  SqueezeExcitation(std::int64_t channels, std::int64_t reduction);

  [[nodiscard]] interlock::models::Shape output_shape(const interlock::models::Shape& in) const override;
  at::Tensor forward(const at::Tensor& x, const interlock::models::ForwardContext& context) override;
  void initialise() override;

 private:
  std::int64_t channels_;
  interlock::models::LayerPtr squeeze_, excite_;
};

// From the arguments in a config: squeeze_excitation: {channels: 32, reduction: 4}.
interlock::models::LayerPtr make_squeeze_excitation(const interlock::config::LayerSpec& spec);
