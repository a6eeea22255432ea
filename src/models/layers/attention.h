#pragma once

#include <memory>

#include "models/layers/linear.h"

namespace interlock::models {

struct AttentionOptions {
  std::int64_t width = 0;
  std::int64_t heads = 1;       // divides width
  bool rotary = false;          // queries and keys are turned by their position
  double output_deviation = 0;  // of the output projection's initial weights
};

// Causal self-attention on [n, T, width]: position t sees positions 0 .. t. Padding at the end of a sample
// therefore reaches no real position, and needs no mask.
class CausalSelfAttention : public Layer {
 public:
  explicit CausalSelfAttention(const AttentionOptions& options);
  [[nodiscard]] Shape output_shape(const Shape& in) const override;
  at::Tensor forward(const at::Tensor& x, const ForwardContext& context) override;
  void initialise() override;
  [[nodiscard]] std::int64_t activation_elements(const Shape& in) const override;

 private:
  AttentionOptions options_;
  std::shared_ptr<Linear> query_key_value_;  // [3 x width, width]: queries, then keys, then values
  std::shared_ptr<Linear> output_;
};

}  // namespace interlock::models
