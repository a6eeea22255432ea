#include <torch/nn/init.h>
#include <torch/types.h>

#include "models/layers/factories.h"

namespace interlock::models {
namespace {

// int64 token numbers [T...] -> vectors [T..., features].
class Embedding : public Layer {
 public:
  Embedding(std::int64_t entries, std::int64_t features) : features_(features) {
    weight_ = register_parameter("weight", torch::empty({entries, features}));
  }
  [[nodiscard]] Shape output_shape(const Shape& in) const override {
    Shape out = in;
    out.push_back(features_);
    return out;
  }
  at::Tensor forward(const at::Tensor& x, const ForwardContext&) override {
    return at::embedding(weight_, x);
  }
  void initialise() override { torch::nn::init::normal_(weight_); }

 private:
  std::int64_t features_;
  at::Tensor weight_;
};

}  // namespace

LayerPtr make_embedding(const config::LayerSpec& spec) {
  spec.reject_unknown({"entries", "features"});
  return std::make_shared<Embedding>(spec.required_int("entries", 1), spec.required_int("features", 1));
}

}  // namespace interlock::models
