#include "training/loss_scaler.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/error.h"
#include "models/weights.h"

namespace interlock::training {
namespace {

constexpr double kLargestScale = 4294967296.0;  // 2^32

double power_of_two_not_above(double value) {
  int exponent = 0;
  std::frexp(value, &exponent);  // value = [0.5, 1) x 2^exponent
  return std::ldexp(1.0, exponent - 1);
}

// Names a loss by the layer it follows: that does not depend on the cut.
std::string checkpoint_name(const RunPlan& plan, int loss) {
  const models::StageBlueprint& stage = plan.blueprint.stages.at(static_cast<std::size_t>(loss));
  return fmt::format("optimizer.loss_scale.{}", stage.first_layer + static_cast<int>(stage.main.size()) - 1);
}

bool contains(const std::vector<int>& losses, int loss) {
  return std::find(losses.begin(), losses.end(), loss) != losses.end();
}

}  // namespace

std::vector<int> loss_sharers(const schedule::GradientRule& rule, int loss) {
  std::vector<int> stages;
  for (int stage = 0; stage <= loss; ++stage) {
    const bool computes = stage == loss && rule.computes_loss(stage);
    if (computes || contains(rule.losses_mixed(stage), loss)) stages.push_back(stage);
  }
  return stages;
}

std::vector<int> overflow_peers(const schedule::GradientRule& rule, int stage) {
  std::set<int> peers;
  for (int loss = stage; loss < rule.stages(); ++loss) {
    const std::vector<int> sharers = loss_sharers(rule, loss);
    if (contains(sharers, stage)) peers.insert(sharers.begin(), sharers.end());
  }
  peers.erase(stage);
  return {peers.begin(), peers.end()};
}

LossScaler::LossScaler(const RunPlan& plan, int stage)
    : active_(plan.config.training.precision == config::Precision::kFloat16),
      stage_(stage),
      stages_(plan.rule.stages()),
      has_own_(plan.rule.computes_loss(stage)),
      mixed_(plan.rule.losses_mixed(stage)),
      window_(plan.config.training.loss_scale_window) {
  const double start = active_ ? power_of_two_not_above(plan.config.training.loss_scale) : 1;
  for (const int loss : mixed_) scales_[loss] = {start, 0, checkpoint_name(plan, loss)};
  if (has_own_) scales_[stage_] = {start, 0, checkpoint_name(plan, stage_)};
}

std::vector<int> LossScaler::losses() const {
  std::vector<int> all;
  for (const auto& [loss, scale] : scales_) all.push_back(loss);
  return all;
}

double LossScaler::scale(int loss) const {
  const auto found = scales_.find(loss);
  INTERLOCK_CHECK(found != scales_.end(), fmt::format("stage {} has no part in loss {}", stage_, loss));
  return found->second.value;
}

double LossScaler::own_scale() const {
  return has_own_ ? scale(stage_) : 1;
}

double LossScaler::main_scale() const {
  if (mixed_.empty()) return 1;
  double smallest = scale(mixed_.front());
  for (const int loss : mixed_) smallest = std::min(smallest, scale(loss));
  return smallest;
}

at::Tensor LossScaler::for_mixing(const at::Tensor& delta, int loss) const {
  const double factor = main_scale() / scale(loss);
  // In float32, as a stage's own delta may be float16: what is made smaller must not vanish.
  return factor == 1 ? delta : delta.to(at::kFloat) * factor;
}

LossFlags LossScaler::flags(NetFlags overflow) const {
  LossFlags found(static_cast<std::size_t>(stages_), 0);
  if (overflow.main) {
    for (const int loss : mixed_) found[static_cast<std::size_t>(loss)] = 1;
  }
  if (overflow.head && has_own_) found[static_cast<std::size_t>(stage_)] = 1;
  return found;
}

NetFlags LossScaler::agree(const LossFlags& found) {
  NetFlags skip;
  if (!active_) return skip;
  INTERLOCK_CHECK(found.size() == static_cast<std::size_t>(stages_),
                  fmt::format("{} flags for {} losses", found.size(), stages_));
  const auto overflowed = [&](int loss) { return found[static_cast<std::size_t>(loss)] != 0; };
  skip.main = std::any_of(mixed_.begin(), mixed_.end(), overflowed);
  skip.head = has_own_ && overflowed(stage_);
  for (auto& [loss, scale] : scales_) {
    if (overflowed(loss)) {
      scale.value = std::max(1.0, scale.value / 2);
      scale.good_steps = 0;
    } else if (++scale.good_steps >= window_) {
      scale.value = std::min(kLargestScale, scale.value * 2);
      scale.good_steps = 0;
    }
  }
  return skip;
}

models::NamedTensors LossScaler::state() const {
  if (!active_ || !has_own_) return {};
  const Scale& own = scales_.at(stage_);
  return {{own.name + ".scale", torch::tensor(own.value, torch::kDouble)},
          {own.name + ".good_steps", torch::tensor(own.good_steps, torch::kLong)}};
}

void LossScaler::load_state(const storage::TensorFile& file, const std::string& path) {
  if (!active_) return;
  for (auto& [loss, scale] : scales_) {
    const std::string value_name = scale.name + ".scale", steps_name = scale.name + ".good_steps";
    const at::Tensor* const value = file.find(value_name);
    const at::Tensor* const steps = file.find(steps_name);
    if (value == nullptr || steps == nullptr) continue;
    const at::Tensor read_value = torch::zeros({}, torch::kDouble);
    const at::Tensor read_steps = torch::zeros({}, torch::kLong);
    models::copy_tensor(read_value, *value, value_name, path);
    models::copy_tensor(read_steps, *steps, steps_name, path);
    const double number = read_value.item<double>();
    const std::int64_t count = read_steps.item<std::int64_t>();
    if (!(number >= 1 && number <= kLargestScale) || count < 0) {
      throw DataError(fmt::format("{}: tensor '{}' holds {} ({} steps): no loss scale of 1 to 2^32", path,
                                  value_name, number, count));
    }
    scale.value = power_of_two_not_above(number);
    scale.good_steps = count;
  }
}

}  // namespace interlock::training
