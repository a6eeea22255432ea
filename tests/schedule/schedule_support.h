#pragma once
// Shared by the tests of this folder: rules and schedules in one line, every rule up to eight stages, costs.

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "schedule/costs.h"
#include "schedule/generator.h"
#include "schedule/gradient_rule.h"
#include "schedule/text.h"

namespace interlock::schedule {

using config::MixKind;

inline GradientRule make_rule(int stages, int horizon, MixKind mix = MixKind::kFarthest,
                              const std::vector<double>& weights = {}, bool train_all_heads = false,
                              const std::vector<bool>& learns = {}) {
  config::LearningConfig learning;
  learning.horizon = horizon;
  learning.mix = mix;
  learning.mix_weights = weights;
  learning.train_all_heads = train_all_heads;
  return {stages, learning, learns};
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

// Rules with stages that do not learn: the first ones, one in the middle, the last, every other one, all.
inline std::vector<NamedRule> frozen_rules() {
  std::vector<NamedRule> rules;
  for (int stages = 1; stages <= 6; ++stages) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      const auto count = static_cast<std::size_t>(stages);
      std::vector<std::vector<bool>> patterns;
      for (std::size_t first = 1; first < count; ++first) {
        patterns.emplace_back(count, true);
        std::fill_n(patterns.back().begin(), first, false);
        patterns.emplace_back(count, true);
        patterns.back()[first] = false;
      }
      patterns.emplace_back(count, false);
      patterns.emplace_back(count, false);
      for (std::size_t k = 0; k < count; k += 2) patterns.back()[k] = true;
      for (const std::vector<bool>& learns : patterns) {
        std::string name = "K=" + std::to_string(stages) + " N=" + std::to_string(horizon) + " learns ";
        for (const bool one : learns) name += one ? '1' : '0';
        rules.push_back({name, make_rule(stages, horizon, MixKind::kFarthest, {}, false, learns)});
        rules.push_back({name + " sum", make_rule(stages, horizon, MixKind::kSum, {}, false, learns)});
        rules.push_back(
            {name + " all heads", make_rule(stages, horizon, MixKind::kFarthest, {}, true, learns)});
      }
    }
  }
  return rules;
}

template <class MakeProgram>  // int stage -> StageProgram
Schedule each_stage(const GradientRule& rule, MakeProgram&& make) {
  Schedule schedule;
  for (int stage = 0; stage < rule.stages(); ++stage) schedule.push_back(make(stage));
  return schedule;
}

inline Schedule gpipe_schedule(const GradientRule& rule, int micro_batches) {
  return each_stage(rule, [&](int k) { return gpipe_program(rule, k, micro_batches); });
}

// `in_flight` 0: no bound but the horizon's.
inline Schedule one_f_one_b_schedule(const GradientRule& rule, int micro_batches, int in_flight = 0) {
  const int cap = in_flight == 0 ? micro_batches : in_flight;
  return each_stage(rule, [&](int k) { return one_f_one_b_program(rule, k, micro_batches, cap); });
}

inline Schedule rhythm_schedule(const GradientRule& rule, int micro_batches, const Rhythm& rhythm) {
  return each_stage(rule, [&](int k) { return rhythm_program(rule, k, micro_batches, rhythm); });
}

inline Schedule parse_programs(const std::vector<std::string>& texts) {
  Schedule schedule;
  for (const std::string& text : texts) schedule.push_back(parse_program(text));
  return schedule;
}

// Every stage, link and stored micro-batch its own. The same seed gives the same costs.
inline Costs random_costs(int stages, std::mt19937& generator) {
  const auto between = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(generator()) / static_cast<double>(std::mt19937::max());
  };
  Costs costs = equal_costs(stages);
  for (StageCosts& stage : costs.stages) {
    stage = {between(0.5, 2), between(0, 0.5), between(0.5, 2),
             between(0.5, 3), between(1, 4),   between(0, 0.2)};
  }
  for (double& link : costs.link_seconds) link = between(0, 0.3);
  for (int stage = 0; stage < stages; ++stage) costs.stored_bytes.push_back(between(1, 4));
  return costs;
}

}  // namespace interlock::schedule
