// A pre-norm decoder block, GPT-2's: x + attention(norm(x)), then + mlp(norm(.)), with tanh-GELU.

#include <cmath>

#include <fmt/format.h>
#include <torch/types.h>

#include "models/layers/attention.h"
#include "models/layers/dropout.h"
#include "models/layers/factories.h"
#include "models/layers/language.h"

namespace interlock::models {
namespace {

struct BlockOptions {
  AttentionOptions attention;
  std::int64_t hidden = 0;
  double dropout = 0;
};

struct Mlp : torch::nn::Module {
  Mlp(std::int64_t width, std::int64_t hidden)
      : expand(register_module("expand", std::make_shared<Linear>(width, hidden, true))),
        contract(register_module("contract", std::make_shared<Linear>(hidden, width, true))) {}
  std::shared_ptr<Linear> expand, contract;
};

class TransformerBlock : public Layer {
 public:
  explicit TransformerBlock(const BlockOptions& options) : options_(options) {
    const std::int64_t width = options.attention.width;
    norm1_ = register_module("norm1", std::make_shared<LayerNorm>(width));
    attention_ = register_module("attention", std::make_shared<CausalSelfAttention>(options.attention));
    norm2_ = register_module("norm2", std::make_shared<LayerNorm>(width));
    mlp_ = register_module("mlp", std::make_shared<Mlp>(width, options.hidden));
  }

  [[nodiscard]] Shape output_shape(const Shape& in) const override {
    require_tokens(in, options_.attention.width);
    return in;
  }

  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override {
    const at::Tensor attended = attention_->forward(norm1_->forward(x, context), context);
    const at::Tensor y = x + dropout(attended, options_.dropout, context, 1);
    const at::Tensor expanded = mlp_->expand->forward(norm2_->forward(y, context), context);
    const at::Tensor contracted = mlp_->contract->forward(at::gelu(expanded, "tanh"), context);
    return y + dropout(contracted, options_.dropout, context, 2);
  }

  void initialise() override {
    norm1_->initialise();
    attention_->initialise();
    norm2_->initialise();
    initialise_projection(*mlp_->expand);
    initialise_projection(*mlp_->contract, options_.attention.output_deviation);
  }

  [[nodiscard]] std::int64_t activation_elements(const Shape& in) const override {
    // Both norms, attention, the sum, the hidden layer before and after GELU, the output.
    return 4 * element_count(in) + attention_->activation_elements(in) + 2 * in[0] * options_.hidden;
  }

 private:
  BlockOptions options_;
  std::shared_ptr<LayerNorm> norm1_, norm2_;
  std::shared_ptr<CausalSelfAttention> attention_;
  std::shared_ptr<Mlp> mlp_;
};

}  // namespace

LayerPtr make_transformer_block(const config::LayerSpec& spec) {
  spec.reject_unknown({"width", "heads", "hidden", "rotary", "dropout", "depth"});
  BlockOptions options;
  options.attention.width = spec.required_int("width", 1);
  options.attention.heads = spec.int_or("heads", 1, 1);
  if (options.attention.width % options.attention.heads != 0) {
    config::fail(spec.where, "transformer_block.heads",
                 fmt::format("is {}, which does not divide width, {}", options.attention.heads,
                             options.attention.width));
  }
  options.attention.rotary = spec.bool_or("rotary", false);
  if (options.attention.rotary && options.attention.width / options.attention.heads % 2 != 0) {
    config::fail(spec.where, "transformer_block.rotary", "needs width / heads to be even");
  }
  // Each block adds two branches to the residual stream; their start is scaled so that the sum over all
  // `depth` blocks keeps its size.
  const auto branches = 2 * static_cast<double>(spec.int_or("depth", 1, 1));
  options.attention.output_deviation = kTokenWeightDeviation / std::sqrt(branches);
  options.hidden = spec.int_or("hidden", 4 * options.attention.width, 1);
  options.dropout = spec.double_or("dropout", 0, 0, 0.999);
  return std::make_shared<TransformerBlock>(options);
}

}  // namespace interlock::models
