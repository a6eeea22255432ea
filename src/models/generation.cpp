#include "models/generation.h"

#include <algorithm>

#include <torch/types.h>

#include "common/error.h"
#include "common/random.h"

namespace interlock::models {

std::int64_t draw_token(const at::Tensor& scores, const SamplingOptions& options, std::int64_t number) {
  if (options.temperature == 0) return scores.argmax().item<std::int64_t>();
  const std::int64_t entries = scores.size(0);
  const std::int64_t kept = options.top_k > 0 ? std::min(options.top_k, entries) : entries;
  const auto [best, tokens] = scores.to(torch::kDouble).div(options.temperature).topk(kept);
  const at::Tensor sums = best.softmax(0).cumsum(0);
  const std::uint64_t seed =
      derive_seed(options.seed, SeedPurpose::kGeneration, {static_cast<std::uint64_t>(number)});
  const double point = SplitMix64(seed).uniform() * sums[-1].item<double>();
  const std::int64_t place = sums.le(point).sum().item<std::int64_t>();
  return tokens[std::min(place, kept - 1)].item<std::int64_t>();
}

std::vector<std::int64_t> continue_text(const LayerSequence& network, std::vector<std::int64_t> prompt,
                                        std::int64_t count, std::int64_t context,
                                        const SamplingOptions& options,
                                        const std::function<bool(std::int64_t)>& stop) {
  INTERLOCK_CHECK(!prompt.empty(), "nothing to continue");
  const at::NoGradGuard no_grad;
  const std::size_t start = prompt.size();
  std::vector<std::int64_t>& tokens = prompt;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::size_t seen = std::min(tokens.size(), static_cast<std::size_t>(context));
    const at::Tensor window =
        torch::tensor(
            std::vector<std::int64_t>(tokens.end() - static_cast<std::ptrdiff_t>(seen), tokens.end()),
            torch::kLong)
            .unsqueeze(0);
    const at::Tensor scores = network.forward(window, {})[0][-1];
    const std::int64_t next = draw_token(scores, options, i);
    if (stop(next)) break;
    tokens.push_back(next);
  }
  return {tokens.begin() + static_cast<std::ptrdiff_t>(start), tokens.end()};
}

}  // namespace interlock::models
