#pragma once
// Who needs which gradient: the arithmetic of Interlocking Backpropagation, with no tensors in it.
//
// delta(l, k) is the gradient of loss l with respect to the output h_k of stage k. It exists for k <= l <=
// reach(k). It is *needed* at stage k only if stage k itself, or a stage below it, puts loss l into its
// weight gradient; all else is dead and appears in no schedule. With N = K the last loss alone is used,
// whatever the mix: plain backpropagation.
//
// A stage whose weights are all frozen (model.freeze) uses no gradient. It only passes on what stages below
// it need; where nothing below learns either, it runs forward alone.

#include <vector>

#include "config/config.h"

namespace interlock::schedule {

class GradientRule {
 public:
  // `learns[k]`: does stage k have weights that learn? Empty: all do.
  // REQUIRES 1 <= learning.resolved_horizon(stages) <= stages (the config layer has checked it).
  GradientRule(int stages, const config::LearningConfig& learning, std::vector<bool> learns = {});

  [[nodiscard]] int stages() const { return stages_; }
  [[nodiscard]] int horizon() const { return horizon_; }
  [[nodiscard]] bool end_to_end() const { return horizon_ == stages_; }
  [[nodiscard]] bool is_last(int stage) const { return stage == stages_ - 1; }

  // Paper: stage k learns from losses k .. reach(k) = min(k + N - 1, K - 1).
  [[nodiscard]] int reach(int stage) const;

  // Factor of delta(l, k) in the weight gradient of stage k; 0 for a loss that is not mixed in, and where
  // stage k does not learn.
  // Under `farthest`, the paper's rule, it is 1 for l = reach(k) and 0 otherwise.
  [[nodiscard]] double mix_weight(int loss, int stage) const;

  // Is delta(l, k) used by stage k or by any stage below it?
  [[nodiscard]] bool needed(int loss, int stage) const;

  // Losses in the weight gradient of `stage`, ascending (the order they are added in, for bitwise equality).
  [[nodiscard]] const std::vector<int>& losses_mixed(int stage) const { return at(stage).mixed; }
  // Losses whose delta(l, stage) arrives from stage + 1, ascending.
  [[nodiscard]] const std::vector<int>& losses_received(int stage) const { return at(stage).received; }
  // Losses whose delta(l, stage - 1) this stage computes and sends down, ascending.
  [[nodiscard]] const std::vector<int>& losses_sent(int stage) const { return at(stage).sent; }

  [[nodiscard]] bool learns(int stage) const { return learns_[static_cast<std::size_t>(stage)]; }
  // Does any gradient of its output come to `stage`, for its own weights or for a stage below?
  [[nodiscard]] bool has_backward(int stage) const {
    return !losses_mixed(stage).empty() || !losses_sent(stage).empty();
  }

  // Does `stage` compute its own loss? (Through its head, or directly on the last stage.)
  [[nodiscard]] bool computes_loss(int stage) const;
  // Is there an auxiliary head on `stage`? Never on the last; never with N = K, which is plain
  // backpropagation.
  [[nodiscard]] bool has_head(int stage) const { return !is_last(stage) && computes_loss(stage); }

 private:
  // Worked out once: planners ask for these a million times.
  struct StageLosses {
    std::vector<int> mixed, received, sent;
  };
  [[nodiscard]] const StageLosses& at(int stage) const { return losses_[static_cast<std::size_t>(stage)]; }

  int stages_;
  int horizon_;
  std::vector<bool> learns_;
  config::MixKind mix_;
  std::vector<double> weights_;
  bool train_all_heads_;
  std::vector<int> lowest_user_;  // [loss]: the lowest stage that mixes it in; stages() if none does
  std::vector<StageLosses> losses_;
};

}  // namespace interlock::schedule
