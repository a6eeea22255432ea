#include "training/stage_optimizer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/error.h"
#include "models/weights.h"
#include "training/gradient_clipping.h"

namespace interlock::training {
namespace {

using config::OptimizerKind;

// Divides by `scale` in place; a one-element tensor that is 1 where something was not finite.
at::Tensor divide_and_check(const std::vector<at::Tensor>& gradients, double scale) {
  const at::Tensor inverse = torch::full({1}, 1 / scale, gradients.front().options());
  at::Tensor found = torch::zeros_like(inverse);
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, found, inverse);
  return found;
}

}  // namespace

StageOptimizer::StageOptimizer(const models::Stage& stage, const config::Config& config)
    : config_(config.optimizer),
      clip_norm_(config.training.clip_norm),
      clips_globally_(clips_globally(config.training)) {
  groups_ = {{Net::kMain, false, {}}, {Net::kHead, false, {}}};
  add_net(stage.main(), Net::kMain);
  if (stage.has_head()) add_net(stage.head(), Net::kHead);
}

void StageOptimizer::add_net(const models::LayerSequence& net, Net which) {
  const std::vector<at::Tensor>& copies = net.tied_weights();
  for (const auto& [name, parameter] : net.parameters()) {
    if (!parameter.requires_grad()) continue;  // frozen
    const bool decays = config_.decay_vectors || parameter.dim() >= 2;
    const auto is_it = [&, &own = parameter](const at::Tensor& copy) { return copy.is_same(own); };
    if (std::any_of(copies.begin(), copies.end(), is_it)) {
      groups_.push_back({which, true, {states_.size()}});
    } else {
      groups_[which == Net::kMain ? 0 : 1].members.push_back(states_.size());
    }
    states_.push_back({name, parameter, decays, {}, {}, 0});
  }
}

void StageOptimizer::clear_gradients() {
  // Not zeroed: the first of the next batch's then need not be added to anything.
  for (const ParameterState& state : states_) state.parameter.mutable_grad().reset();
  unscaled_ = false;
  tied_is_finite_.reset();
}

std::vector<at::Tensor> StageOptimizer::gradients(const Group& group) const {
  std::vector<at::Tensor> found;
  for (const std::size_t member : group.members) {
    const at::Tensor& gradient = states_[member].parameter.grad();
    if (gradient.defined()) found.push_back(gradient);
  }
  return found;
}

NetFlags StageOptimizer::unscale(double main_scale, double head_scale) {
  const at::NoGradGuard no_grad;
  unscaled_ = true;
  std::array<std::vector<at::Tensor>, 2> nets;
  for (const Group& group : groups_) {
    const std::vector<at::Tensor> own = gradients(group);
    std::vector<at::Tensor>& net = nets[group.net == Net::kMain ? 0 : 1];
    net.insert(net.end(), own.begin(), own.end());
  }
  std::vector<at::Tensor> found;
  if (!nets[0].empty()) found.push_back(divide_and_check(nets[0], main_scale));
  if (!nets[1].empty()) found.push_back(divide_and_check(nets[1], head_scale));
  if (found.empty()) return {};
  const at::Tensor both = at::cat(found).cpu();  // one wait for both
  const auto overflowed = [&](std::int64_t i) { return both[i].item<float>() != 0; };
  if (nets[0].empty()) return {false, overflowed(0)};
  return {overflowed(0), found.size() == 2 && overflowed(1)};
}

bool StageOptimizer::tied_is_finite() {
  if (!unscaled_) return true;
  if (!tied_is_finite_) {
    tied_is_finite_ = true;
    // All copies hold the same sum: the first tells.
    const auto tied = std::find_if(groups_.begin(), groups_.end(), [](const Group& g) { return g.tied; });
    if (tied != groups_.end()) {
      const std::vector<at::Tensor> sum = gradients(*tied);
      if (!sum.empty()) tied_is_finite_ = sum.front().isfinite().all().item<bool>();
    }
  }
  return *tied_is_finite_;
}

bool StageOptimizer::skips(const Group& group, const Update& update) {
  if (group.tied) return !tied_is_finite();
  return group.net == Net::kMain ? update.skip.main : update.skip.head;
}

double StageOptimizer::main_squares(const Update& update, bool with_tied_matrix) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> counted;
  for (const Group& group : groups_) {
    if (group.tied ? !with_tied_matrix : group.net == Net::kHead) continue;
    if (group.tied) with_tied_matrix = false;  // the other copies have the same gradient
    if (skips(group, update)) continue;
    const std::vector<at::Tensor> own = gradients(group);
    counted.insert(counted.end(), own.begin(), own.end());
  }
  if (counted.empty()) return 0;
  return sum_of_squares(counted).item<double>() * update.gradient_scale * update.gradient_scale;
}

// What `group`'s gradients are divided by: undefined for 1.
at::Tensor StageOptimizer::divisor(const Group& group, const Update& update) const {
  const std::vector<at::Tensor> own = gradients(group);
  if (own.empty()) return {};
  const auto options = own.front().options().dtype(torch::kFloat);
  double known = 1 / update.gradient_scale;
  if (clips_globally_ && (group.tied || group.net == Net::kMain)) {
    INTERLOCK_CHECK(update.squares.has_value(), "clip_scope is global, but nobody added up the norms");
    known *= clip_divisor(*update.squares, clip_norm_);
  } else if (clip_norm_ > 0) {
    // Where gradients are on an accelerator so is the result: the host does not wait for it.
    const at::Tensor squares = sum_of_squares(own) * (update.gradient_scale * update.gradient_scale);
    at::Tensor by = (clip_divisor(squares, clip_norm_) * known).to(torch::kFloat);
    if (by.is_cpu() && by.item<float>() == 1) return {};
    return by;
  }
  return known == 1 ? at::Tensor() : torch::full({}, known, options);
}

void StageOptimizer::step(const Update& update) {
  const at::NoGradGuard no_grad;
  for (const Group& group : groups_) {
    std::vector<ParameterState*> members;
    for (const std::size_t member : group.members) members.push_back(&states_[member]);
    if (skips(group, update)) {
      // A checkpoint of a run that has only skipped so far must be one that can be read.
      for (ParameterState* const state : members) begin_state(*state, config_);
    } else {
      fused_step(members, config_, update.learning_rate, divisor(group, update));
    }
  }
}

void StageOptimizer::begin() {
  for (ParameterState& state : states_) begin_state(state, config_);
}

models::NamedTensors StageOptimizer::state() const {
  models::NamedTensors all;
  const bool sgd = config_.kind == OptimizerKind::kSgd;
  for (const ParameterState& state : states_) {
    if (!state.first.defined()) continue;  // never stepped, or no momentum
    const auto add = [&](const char* slot, const at::Tensor& tensor) {
      all.emplace_back(fmt::format("optimizer.{}.{}", state.name, slot), tensor);
    };
    add(sgd ? "momentum_buffer" : "exp_avg", state.first);
    if (sgd) continue;
    add("exp_avg_sq", state.second);
    add("step", torch::tensor(state.steps, torch::kLong));
  }
  return all;
}

void StageOptimizer::load_state(const storage::TensorFile& file, const std::string& path) {
  const bool sgd = config_.kind == OptimizerKind::kSgd;
  if (sgd && config_.momentum == 0) return;
  for (ParameterState& state : states_) {
    if (file.find(state.name) == nullptr) continue;  // a head that starts afresh, and its state with it
    const auto load = [&](const char* slot, const at::Tensor& target) {
      const std::string full = fmt::format("optimizer.{}.{}", state.name, slot);
      const at::Tensor* found = file.find(full);
      if (found == nullptr)
        throw DataError(
            fmt::format("{}: tensor '{}' is missing; was the checkpoint written with another optimizer? Keep "
                        "that one, or take the "
                        "weights alone with --resume=none and model.init",
                        path, full));
      models::copy_tensor(target, *found, full, path);
    };
    begin_state(state, config_);
    load(sgd ? "momentum_buffer" : "exp_avg", state.first);
    if (sgd) continue;
    load("exp_avg_sq", state.second);
    const at::Tensor steps = torch::zeros({}, torch::kLong);
    load("step", steps);
    state.steps = steps.item<std::int64_t>();
  }
}

}  // namespace interlock::training
