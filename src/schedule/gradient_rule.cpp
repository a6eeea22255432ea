#include "schedule/gradient_rule.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::schedule {

using config::MixKind;

GradientRule::GradientRule(int stages, const config::LearningConfig& learning, std::vector<bool> learns)
    : stages_(stages),
      horizon_(learning.resolved_horizon(stages)),
      learns_(std::move(learns)),
      mix_(end_to_end() ? MixKind::kFarthest : learning.mix),  // N = K: the last loss alone, whatever the mix
      weights_(learning.mix_weights),
      train_all_heads_(learning.train_all_heads) {
  INTERLOCK_CHECK(1 <= horizon_ && horizon_ <= stages_,
                  fmt::format("horizon {} stages {}", horizon_, stages_));
  if (learns_.empty()) learns_.assign(static_cast<std::size_t>(stages_), true);
  INTERLOCK_CHECK(static_cast<int>(learns_.size()) == stages_,
                  fmt::format("{} stages, {} that may learn", stages_, learns_.size()));
  for (int loss = 0; loss < stages_; ++loss) {
    int user = std::max(0, loss - horizon_ + 1);
    while (user <= loss && mix_weight(loss, user) == 0) ++user;
    lowest_user_.push_back(user <= loss ? user : stages_);
  }
  for (int stage = 0; stage < stages_; ++stage) {
    StageLosses losses;
    for (int loss = stage; loss <= reach(stage); ++loss) {
      if (mix_weight(loss, stage) != 0) losses.mixed.push_back(loss);
      if (loss > stage && needed(loss, stage)) losses.received.push_back(loss);
    }
    for (int loss = stage; stage > 0 && loss <= reach(stage - 1); ++loss) {
      if (needed(loss, stage - 1)) losses.sent.push_back(loss);
    }
    losses_.push_back(std::move(losses));
  }
}

int GradientRule::reach(int stage) const {
  return std::min(stage + horizon_ - 1, stages_ - 1);
}

double GradientRule::mix_weight(int loss, int stage) const {
  if (loss < stage || loss > reach(stage) || !learns(stage)) return 0;
  switch (mix_) {
    case MixKind::kFarthest:
      return loss == reach(stage) ? 1 : 0;
    case MixKind::kSum:
      return 1;
    case MixKind::kMean:
      return 1.0 / (reach(stage) - stage + 1);
    case MixKind::kWeights:
      return weights_.at(static_cast<std::size_t>(loss - stage));
  }
  return 0;
}

bool GradientRule::needed(int loss, int stage) const {
  return lowest_user_[static_cast<std::size_t>(loss)] <= stage;
}

bool GradientRule::computes_loss(int stage) const {
  if (is_last(stage) || needed(stage, stage)) return true;
  return train_all_heads_ && !end_to_end();
}

}  // namespace interlock::schedule
