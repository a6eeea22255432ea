#include "schedule/learning_rate.h"

#include <algorithm>
#include <cmath>

namespace interlock::schedule {
namespace {

double cosine(const config::OptimizerConfig& optimizer, double step, double total) {
  const auto warmup = static_cast<double>(optimizer.schedule.warmup_steps);
  const double progress = std::clamp((step - 1 - warmup) / std::max(1.0, total - warmup), 0.0, 1.0);
  const double low = optimizer.schedule.minimum;
  return low + (optimizer.lr - low) * 0.5 * (1 + std::cos(M_PI * progress));
}

double multistep(const config::OptimizerConfig& optimizer, std::int64_t epoch) {
  const auto& milestones = optimizer.schedule.milestones;
  const auto begun =
      std::count_if(milestones.begin(), milestones.end(), [&](std::int64_t at) { return epoch >= at; });
  return optimizer.lr * std::pow(optimizer.schedule.gamma, static_cast<double>(begun));
}

}  // namespace

double learning_rate(const config::OptimizerConfig& optimizer, std::int64_t step,
                     std::int64_t steps_per_epoch, std::int64_t total_steps) {
  const auto now = static_cast<double>(step);
  const auto warmup = static_cast<double>(optimizer.schedule.warmup_steps);
  if (optimizer.schedule.kind == config::LearningRateKind::kInverseSqrt) {
    const double rise = warmup > 0 ? now * std::pow(warmup, -1.5) : 1.0;
    return optimizer.lr * std::min(std::pow(now, -0.5), rise);
  }
  double rate = optimizer.lr;
  if (optimizer.schedule.kind == config::LearningRateKind::kCosine) {
    rate = cosine(optimizer, now, static_cast<double>(total_steps));
  } else if (optimizer.schedule.kind == config::LearningRateKind::kMultistep) {
    rate = multistep(optimizer, (step - 1) / std::max<std::int64_t>(1, steps_per_epoch) + 1);
  }
  return now < warmup ? rate * now / warmup : rate;
}

}  // namespace interlock::schedule
