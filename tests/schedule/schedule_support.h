#pragma once
// Shared by the tests of this folder: rules in one line, and every rule up to eight stages.

#include <string>
#include <vector>

#include "schedule/gradient_rule.h"

namespace interlock::schedule {

using config::MixKind;

inline GradientRule make_rule(int stages, int horizon, MixKind mix = MixKind::kFarthest,
                              const std::vector<double>& weights = {}, bool train_all_heads = false) {
  config::LearningConfig learning;
  learning.horizon = horizon;
  learning.mix = mix;
  learning.mix_weights = weights;
  learning.train_all_heads = train_all_heads;
  return {stages, learning};
}

struct NamedRule {
  std::string name;
  GradientRule rule;
};

// Every K <= 8, N <= K and way of mixing; among the weights are zeros in the middle and at the end.
inline std::vector<NamedRule> all_rules() {
  std::vector<NamedRule> rules;
  for (int stages = 1; stages <= 8; ++stages) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      const std::string name = "K=" + std::to_string(stages) + " N=" + std::to_string(horizon) + " ";
      std::vector<double> every_second, own;
      for (int distance = 0; distance < horizon; ++distance) {
        every_second.push_back(distance % 2 == 0 ? 1.0 / (distance + 1) : 0);
        own.push_back(distance == 0 ? 1 : 0);
      }
      rules.push_back({name + "farthest", make_rule(stages, horizon)});
      rules.push_back({name + "sum", make_rule(stages, horizon, MixKind::kSum)});
      rules.push_back({name + "mean", make_rule(stages, horizon, MixKind::kMean)});
      rules.push_back({name + "every second", make_rule(stages, horizon, MixKind::kWeights, every_second)});
      rules.push_back({name + "own only", make_rule(stages, horizon, MixKind::kWeights, own)});
      rules.push_back({name + "all heads", make_rule(stages, horizon, MixKind::kFarthest, {}, true)});
    }
  }
  return rules;
}

}  // namespace interlock::schedule
