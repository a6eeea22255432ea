// Where tokens come in and scores go out: token embedding, output layer, and the projection that a head
// shares with it.

#include "models/layers/language.h"

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/types.h>

#include "common/text.h"
#include "models/layers/dropout.h"
#include "models/layers/factories.h"

namespace interlock::models {

void require_tokens(const Shape& in, std::int64_t width) {
  if (in.size() == 2 && in[1] == width) return;
  throw ShapeMismatch(fmt::format("takes [tokens, {}] but gets {}", width, format_shape(in)));
}

void initialise_projection(Linear& linear, double deviation) {
  const at::NoGradGuard no_grad;
  linear.weight().normal_(0, deviation);
  if (linear.bias().defined()) linear.bias().zero_();
}

namespace {

// A table of vectors, named as a submodule so that the names of weights read "token.weight".
struct Table : torch::nn::Module {
  Table(std::int64_t entries, std::int64_t features) {
    weight = register_parameter("weight", torch::empty({entries, features}));
  }
  at::Tensor weight;
};

// int64 tokens [T] -> [T, width]: their vectors, plus one for each position where positions > 0, dropped out.
class TokenEmbedding : public Layer {
 public:
  TokenEmbedding(std::int64_t entries, std::int64_t width, std::int64_t positions, double dropout, bool tied)
      : width_(width), positions_(positions), dropout_(dropout), tied_(tied) {
    token_ = register_module("token", std::make_shared<Table>(entries, width));
    if (positions > 0) position_ = register_module("position", std::make_shared<Table>(positions, width));
  }
  [[nodiscard]] Shape output_shape(const Shape& in) const override {
    if (in.size() != 1) throw ShapeMismatch(fmt::format("takes tokens [T] but gets {}", format_shape(in)));
    if (positions_ > 0 && in[0] > positions_) {
      throw ShapeMismatch(fmt::format("has {} positions but gets {} tokens", positions_, in[0]));
    }
    return {in[0], width_};
  }
  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override {
    at::Tensor vectors = at::embedding(token_->weight, x);
    if (position_) vectors = vectors + position_->weight.slice(0, 0, x.size(1));
    return dropout(vectors, dropout_, context);
  }
  void initialise() override {
    torch::nn::init::normal_(token_->weight, 0, kTokenWeightDeviation);
    if (position_) torch::nn::init::normal_(position_->weight, 0, kTokenWeightDeviation);
  }
  [[nodiscard]] at::Tensor tied_weight() const override { return tied_ ? token_->weight : at::Tensor(); }

 private:
  std::int64_t width_, positions_;
  double dropout_;
  bool tied_;
  std::shared_ptr<Table> token_, position_;
};

// [T, width] -> scores of the next token [T, entries]: layer norm, then a projection without bias.
class LmOutput : public Layer {
 public:
  LmOutput(std::int64_t width, std::int64_t entries, bool tied) : tied_(tied) {
    norm_ = register_module("norm", std::make_shared<LayerNorm>(width));
    projection_ = register_module("projection", std::make_shared<Linear>(width, entries, /*bias=*/false));
  }
  [[nodiscard]] Shape output_shape(const Shape& in) const override {
    return projection_->output_shape(norm_->output_shape(in));
  }
  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override {
    return projection_->forward(norm_->forward(x, context), context);
  }
  void initialise() override {
    norm_->initialise();
    initialise_projection(*projection_);
  }
  [[nodiscard]] at::Tensor tied_weight() const override {
    return tied_ ? projection_->weight() : at::Tensor();
  }
  [[nodiscard]] std::int64_t activation_elements(const Shape& in) const override {
    return element_count(in) + element_count(output_shape(in));
  }

 private:
  bool tied_;
  std::shared_ptr<LayerNorm> norm_;
  std::shared_ptr<Linear> projection_;
};

// [T, in] -> [T, out] by the tied matrix: what a head uses that shares the network's own output projection.
class Unembed : public Linear {
 public:
  Unembed(std::int64_t in, std::int64_t out) : Linear(in, out, /*bias=*/false) {}
  [[nodiscard]] at::Tensor tied_weight() const override { return weight(); }
};

}  // namespace

LayerPtr make_token_embedding(const config::LayerSpec& spec) {
  spec.reject_unknown({"entries", "width", "positions", "dropout", "tied"});
  return std::make_shared<TokenEmbedding>(
      spec.required_int("entries", 1), spec.required_int("width", 1), spec.int_or("positions", 0, 0),
      spec.double_or("dropout", 0, 0, 0.999), spec.bool_or("tied", false));
}

LayerPtr make_lm_output(const config::LayerSpec& spec) {
  spec.reject_unknown({"width", "entries", "tied"});
  return std::make_shared<LmOutput>(spec.required_int("width", 1), spec.required_int("entries", 1),
                                    spec.bool_or("tied", false));
}

LayerPtr make_unembed(const config::LayerSpec& spec) {
  spec.reject_unknown({"in", "out"});
  return std::make_shared<Unembed>(spec.required_int("in", 1), spec.required_int("out", 1));
}

}  // namespace interlock::models
