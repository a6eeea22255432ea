// Elementwise layers without weights, and dropout.

#include <torch/types.h>

#include "models/layers/dropout.h"
#include "models/layers/factories.h"

namespace interlock::models {
namespace {

class Elementwise : public Layer {
 public:
  using Function = at::Tensor (*)(const at::Tensor&);
  explicit Elementwise(Function function) : function_(function) {}
  [[nodiscard]] Shape output_shape(const Shape& in) const override { return in; }
  at::Tensor forward(const at::Tensor& x, const ForwardContext&) override { return function_(x); }

 private:
  Function function_;
};

LayerPtr make_elementwise(const config::LayerSpec& spec, Elementwise::Function function) {
  spec.reject_unknown({});
  return std::make_shared<Elementwise>(function);
}

class Dropout : public Layer {
 public:
  explicit Dropout(double probability) : probability_(probability) {}
  [[nodiscard]] Shape output_shape(const Shape& in) const override { return in; }
  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override {
    return dropout(x, probability_, context);
  }

 private:
  double probability_;
};

}  // namespace

LayerPtr make_relu(const config::LayerSpec& spec) {
  return make_elementwise(spec, [](const at::Tensor& x) { return at::relu(x); });
}
LayerPtr make_gelu(const config::LayerSpec& spec) {
  return make_elementwise(spec, [](const at::Tensor& x) { return at::gelu(x); });
}
LayerPtr make_tanh(const config::LayerSpec& spec) {
  return make_elementwise(spec, [](const at::Tensor& x) { return at::tanh(x); });
}
LayerPtr make_sigmoid(const config::LayerSpec& spec) {
  return make_elementwise(spec, [](const at::Tensor& x) { return at::sigmoid(x); });
}
LayerPtr make_dropout(const config::LayerSpec& spec) {
  spec.reject_unknown({"p"});
  return std::make_shared<Dropout>(spec.double_or("p", 0.5, 0, 0.999));
}

}  // namespace interlock::models
