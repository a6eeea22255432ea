#pragma once
// Text from a trained language model, one token after another.

#include <cstdint>
#include <functional>
#include <vector>

#include "models/layer_sequence.h"

namespace interlock::models {

struct SamplingOptions {
  double temperature = 1;  // scores are divided by it; 0: always the likeliest token
  std::int64_t top_k = 0;  // draw among the k likeliest only; 0: among all
  std::uint64_t seed = 1;  // the draw of token i is a function of (seed, i)
};

// A token drawn by its score (of the softmax, [entries]); `number` counts the draws.
std::int64_t draw_token(const at::Tensor& scores, const SamplingOptions& options, std::int64_t number);

// Up to `count` tokens that follow `prompt` (one token or more); the network sees the last `context` of them
// each time. `stop` ends it early; the token for which it said so is not part of the result.
std::vector<std::int64_t> continue_text(const LayerSequence& network, std::vector<std::int64_t> prompt,
                                        std::int64_t count, std::int64_t context,
                                        const SamplingOptions& options,
                                        const std::function<bool(std::int64_t)>& stop);

}  // namespace interlock::models
