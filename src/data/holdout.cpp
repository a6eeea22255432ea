#include "data/holdout.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/error.h"
#include "common/random.h"

namespace interlock::data {

Holdout draw_holdout(const config::Config& config, std::int64_t samples) {
  const double fraction = config.data.holdout;
  INTERLOCK_CHECK(fraction > 0 && samples >= 0, fmt::format("holdout {} of {} samples", fraction, samples));
  const std::int64_t held = std::max<std::int64_t>(1, std::llround(fraction * static_cast<double>(samples)));
  if (held >= samples) {
    config::fail(config.where("data.holdout"), "data.holdout",
                 fmt::format("{} of {} training samples leaves none to train on", fraction, samples));
  }
  const std::vector<std::int64_t> drawn =
      random_permutation(samples, derive_seed(config.data.holdout_seed, SeedPurpose::kHoldout, {}));
  const std::int64_t limit = config.data.eval_limit;
  const std::int64_t evaluated = limit > 0 ? std::min(held, limit) : held;
  Holdout holdout{{drawn.begin() + held, drawn.end()}, {drawn.begin(), drawn.begin() + evaluated}};
  std::sort(holdout.train.begin(), holdout.train.end());
  std::sort(holdout.eval.begin(), holdout.eval.end());
  return holdout;
}

}  // namespace interlock::data
