#include "squeeze_excitation.h"

#include <interlock/common/text.h>
#include <interlock/models/layers/registry.h>

#include <ATen/ATen.h>

using namespace interlock;
using config::LayerSpec;

namespace {

models::LayerPtr linear(std::int64_t in, std::int64_t out) {
  return models::make_layer(LayerSpec::make("linear").with("in", in).with("out", out));
}

}  // namespace

SqueezeExcitation::SqueezeExcitation(std::int64_t channels, std::int64_t reduction) : channels_(channels) {
  // Registered under a name: that is what checkpoints, exports and optimizers know the weights by.
  squeeze_ = register_module("squeeze", linear(channels, channels / reduction));
  excite_ = register_module("excite", linear(channels / reduction, channels));
}

models::Shape SqueezeExcitation::output_shape(const models::Shape& in) const {
  if (in.size() != 3 || in[0] != channels_) {
    throw models::ShapeMismatch("takes [" + std::to_string(channels_) + ", height, width] but gets " +
                                format_shape(in));
  }
  return in;
}

at::Tensor SqueezeExcitation::forward(const at::Tensor& x, const models::ForwardContext& context) {
  const at::Tensor hidden = at::relu(squeeze_->forward(x.mean({2, 3}), context));
  const at::Tensor scale = at::sigmoid(excite_->forward(hidden, context));
  return x * scale.unsqueeze(-1).unsqueeze(-1);  // never in place: x may belong to another stage
}

void SqueezeExcitation::initialise() {
  squeeze_->initialise();
  excite_->initialise();
}

models::LayerPtr make_squeeze_excitation(const LayerSpec& spec) {
  spec.reject_unknown({"channels", "reduction"});
  const std::int64_t channels = spec.required_int("channels", 1);
  const std::int64_t reduction = spec.int_or("reduction", 4, 1);
  if (channels % reduction != 0) {
    config::fail(
        spec.where, spec.kind + ".reduction",
        "is " + std::to_string(reduction) + ", which does not divide channels, " + std::to_string(channels));
  }
  return std::make_shared<SqueezeExcitation>(channels, reduction);
}
