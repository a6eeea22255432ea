#include "training/balance.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::training {

double micro_batch_seconds(const schedule::GradientRule& rule, int stage, const schedule::StageCosts& costs) {
  double seconds = costs.forward;
  if (rule.computes_loss(stage)) seconds += costs.loss;
  if (rule.end_to_end()) return seconds + (stage == 0 ? costs.weight_gradient : costs.backward);
  return seconds + static_cast<double>(rule.losses_sent(stage).size()) * costs.input_gradient +
         costs.weight_gradient;
}

// least[k][j]: the work of the busiest of stages 0..k if together they take the first j layers.
std::vector<int> balanced_cut(const Profile& profile, const schedule::GradientRule& rule) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  const int layers = static_cast<int>(profile.layers.size());
  const int stages = rule.stages();
  const auto size = static_cast<std::size_t>(layers + 1);
  std::vector<std::vector<double>> least(static_cast<std::size_t>(stages), std::vector<double>(size, kNever));
  std::vector<std::vector<int>> begin(static_cast<std::size_t>(stages), std::vector<int>(size, 0));
  for (int stage = 0; stage < stages; ++stage) {
    const auto k = static_cast<std::size_t>(stage);
    for (int end = stage + 1; end <= layers - (stages - 1 - stage); ++end) {
      const auto j = static_cast<std::size_t>(end);
      if (rule.has_head(stage) && !profile.layers[j - 1].head_fits) continue;
      for (int first = stage; first < end; ++first) {
        const double before =
            stage == 0 ? (first == 0 ? 0 : kNever) : least[k - 1][static_cast<std::size_t>(first)];
        if (before == kNever) continue;
        const double own = micro_batch_seconds(rule, stage, merge_layers(profile, first, end - first));
        if (std::max(before, own) >= least[k][j]) continue;
        least[k][j] = std::max(before, own);
        begin[k][j] = first;
      }
    }
  }
  if (least.back().back() == kNever) {
    throw UsageError(
        fmt::format("partition.balance: auto: no cut of the network's {} layers into {} stages has a place "
                    "for every head; "
                    "use fewer stages or another learning.head",
                    layers, stages));
  }
  std::vector<int> cut(static_cast<std::size_t>(stages));
  for (int stage = stages - 1, end = layers; stage >= 0; --stage) {
    const int first = begin[static_cast<std::size_t>(stage)][static_cast<std::size_t>(end)];
    cut[static_cast<std::size_t>(stage)] = end - first;
    end = first;
  }
  return cut;
}

}  // namespace interlock::training
