#include "models/layers/attention.h"

#include <torch/types.h>

#include "models/layers/language.h"
#include "models/layers/rotary.h"

namespace interlock::models {
CausalSelfAttention::CausalSelfAttention(const AttentionOptions& options) : options_(options) {
  const std::int64_t width = options.width;
  query_key_value_ = register_module("query_key_value", std::make_shared<Linear>(width, 3 * width, true));
  output_ = register_module("output", std::make_shared<Linear>(width, width, true));
}

Shape CausalSelfAttention::output_shape(const Shape& in) const {
  require_tokens(in, options_.width);
  return in;
}

at::Tensor CausalSelfAttention::forward(const at::Tensor& x, const ForwardContext& context) {
  const std::int64_t n = x.size(0), tokens = x.size(1);
  const std::int64_t size = options_.width / options_.heads;
  const auto by_head = [&](const at::Tensor& y) {
    return y.view({n, tokens, options_.heads, size}).transpose(1, 2);
  };
  const std::vector<at::Tensor> parts = query_key_value_->forward(x, context).split(options_.width, 2);
  at::Tensor query = by_head(parts[0]), key = by_head(parts[1]);
  if (options_.rotary) {
    const RotaryTurns turns = rotary_turns(query);
    query = turned(query, turns);
    key = turned(key, turns);
  }
  const at::Tensor mixed =
      at::scaled_dot_product_attention(query, key, by_head(parts[2]), /*attn_mask=*/{}, /*dropout_p=*/0.0,
                                       /*is_causal=*/true);
  return output_->forward(mixed.transpose(1, 2).reshape({n, tokens, options_.width}), context);
}

void CausalSelfAttention::initialise() {
  initialise_projection(*query_key_value_);
  initialise_projection(*output_, options_.output_deviation);
}

std::int64_t CausalSelfAttention::activation_elements(const Shape& in) const {
  return 5 * element_count(in);  // queries, keys, values, what they make, the output
}

}  // namespace interlock::models
