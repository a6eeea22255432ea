#include "training/stage_optimizer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include "common/error.h"
#include "models/weights.h"

namespace interlock::training {
namespace {

using torch::optim::Optimizer;
using torch::optim::OptimizerParamGroup;
using torch::optim::OptimizerParamState;

// One group whose weights decay and one whose weights do not (either may be missing), and the settings of
// both from `options`.
template <typename Options>
std::vector<OptimizerParamGroup> decay_groups(const models::NamedTensors& parameters,
                                              const config::OptimizerConfig& config, Options options) {
  std::vector<at::Tensor> decaying, constant;
  for (const auto& [name, parameter] : parameters) {
    const bool decays = config.decay_vectors || parameter.dim() >= 2;
    (decays ? decaying : constant).push_back(parameter);
  }
  std::vector<OptimizerParamGroup> groups;
  const auto add = [&](const std::vector<at::Tensor>& members, double decay) {
    if (members.empty()) return;
    auto own = std::make_unique<Options>(options);
    own->weight_decay(decay);
    groups.emplace_back(members, std::move(own));
  };
  add(decaying, config.weight_decay);
  add(constant, 0);
  return groups;
}

std::unique_ptr<Optimizer> make_optimizer(const models::NamedTensors& parameters,
                                          const config::OptimizerConfig& config) {
  const auto betas = std::make_tuple(config.beta1, config.beta2);
  switch (config.kind) {
    case config::OptimizerKind::kSgd: {
      const torch::optim::SGDOptions options =
          torch::optim::SGDOptions(config.lr).momentum(config.momentum).nesterov(config.nesterov);
      return std::make_unique<torch::optim::SGD>(decay_groups(parameters, config, options), options);
    }
    case config::OptimizerKind::kAdam: {
      const torch::optim::AdamOptions options =
          torch::optim::AdamOptions(config.lr).betas(betas).eps(config.epsilon);
      return std::make_unique<torch::optim::Adam>(decay_groups(parameters, config, options), options);
    }
    case config::OptimizerKind::kAdamW: {
      const torch::optim::AdamWOptions options =
          torch::optim::AdamWOptions(config.lr).betas(betas).eps(config.epsilon);
      return std::make_unique<torch::optim::AdamW>(decay_groups(parameters, config, options), options);
    }
  }
  throw BrokenInvariant("optimizer kind without a maker");
}

void clip(const std::vector<at::Tensor>& parameters, double limit) {
  double squares = 0;
  for (const at::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) squares += parameter.grad().pow(2).sum().item<double>();
  }
  const double scale = limit / (std::sqrt(squares) + 1e-6);
  if (scale >= 1) return;
  for (const at::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) parameter.grad().mul_(scale);
  }
}

std::vector<at::Tensor> without(const std::vector<at::Tensor>& parameters,
                                const std::vector<at::Tensor>& excluded) {
  std::vector<at::Tensor> rest;
  for (const at::Tensor& parameter : parameters) {
    const auto is_it = [&](const at::Tensor& other) { return other.is_same(parameter); };
    if (std::none_of(excluded.begin(), excluded.end(), is_it)) rest.push_back(parameter);
  }
  return rest;
}

// The state of one parameter as (slot, tensor); counters become 0-dimensional int64 tensors.
models::NamedTensors slots_of(const OptimizerParamState& state, config::OptimizerKind kind) {
  if (kind == config::OptimizerKind::kSgd) {
    return {{"momentum_buffer", static_cast<const torch::optim::SGDParamState&>(state).momentum_buffer()}};
  }
  const auto adam_slots = [](const auto& typed) -> models::NamedTensors {
    return {{"exp_avg", typed.exp_avg()},
            {"exp_avg_sq", typed.exp_avg_sq()},
            {"step", torch::tensor(typed.step(), torch::kLong)}};
  };
  if (kind == config::OptimizerKind::kAdam)
    return adam_slots(static_cast<const torch::optim::AdamParamState&>(state));
  return adam_slots(static_cast<const torch::optim::AdamWParamState&>(state));
}

template <typename AdamState>
std::unique_ptr<OptimizerParamState> adam_state(const at::Tensor& exp_avg, const at::Tensor& exp_avg_sq,
                                                const at::Tensor& step) {
  auto state = std::make_unique<AdamState>();
  state->exp_avg(exp_avg);
  state->exp_avg_sq(exp_avg_sq);
  state->step(step.item<std::int64_t>());
  return state;
}

}  // namespace

StageOptimizer::StageOptimizer(const models::Stage& stage, const config::Config& config)
    : parameters_(stage.main().parameters()),
      config_(config.optimizer),
      clip_norm_(config.training.clip_norm) {
  const std::vector<at::Tensor> tied = stage.tied_weights();
  clip_groups_.push_back(without(stage.main().parameter_list(), tied));
  if (stage.has_head()) {
    clip_groups_.push_back(without(stage.head().parameter_list(), tied));
    const models::NamedTensors& head = stage.head().parameters();
    parameters_.insert(parameters_.end(), head.begin(), head.end());
  }
  for (const at::Tensor& matrix : tied) clip_groups_.push_back({matrix});
  const auto is_frozen = [](const auto& entry) { return !entry.second.requires_grad(); };
  parameters_.erase(std::remove_if(parameters_.begin(), parameters_.end(), is_frozen), parameters_.end());
  if (parameters_.empty()) return;  // a stage of layers without weights
  optimizer_ = make_optimizer(parameters_, config_);
}

void StageOptimizer::clear_gradients() {
  // Not Optimizer::zero_grad(): it detaches in place first, which a gradient that is a view refuses.
  for (const auto& [name, parameter] : parameters_) parameter.mutable_grad().reset();
}

void StageOptimizer::step(double learning_rate, double gradient_scale) {
  if (!optimizer_) return;
  const at::NoGradGuard no_grad;
  if (gradient_scale != 1) {
    for (const auto& [name, parameter] : parameters_) {
      if (parameter.grad().defined()) parameter.grad().mul_(gradient_scale);
    }
  }
  if (clip_norm_ > 0) {
    for (const std::vector<at::Tensor>& group : clip_groups_) clip(group, clip_norm_);
  }
  for (auto& group : optimizer_->param_groups()) group.options().set_lr(learning_rate);
  optimizer_->step();
}

models::NamedTensors StageOptimizer::state() const {
  models::NamedTensors all;
  if (!optimizer_) return all;
  for (const auto& [name, parameter] : parameters_) {
    const auto found = optimizer_->state().find(parameter.unsafeGetTensorImpl());
    if (found == optimizer_->state().end()) continue;  // never stepped, or no momentum
    for (const auto& [slot, tensor] : slots_of(*found->second, config_.kind)) {
      if (tensor.defined()) all.emplace_back(fmt::format("optimizer.{}.{}", name, slot), tensor);
    }
  }
  return all;
}

void StageOptimizer::load_state(const storage::TensorFile& file, const std::string& path) {
  if (!optimizer_) return;
  const bool sgd = config_.kind == config::OptimizerKind::kSgd;
  for (const auto& [name, parameter] : parameters_) {
    if (file.find(name) == nullptr) continue;  // a head that starts afresh, and its state with it
    const auto load = [&, &key = name, &like = parameter](const char* slot) {
      const std::string full = fmt::format("optimizer.{}.{}", key, slot);
      const at::Tensor* found = file.find(full);
      if (found == nullptr)
        throw DataError(fmt::format(
            "{}: tensor '{}' is missing; was the checkpoint written with another optimizer?", path, full));
      at::Tensor copy = torch::empty_like(like);
      models::copy_tensor(copy, *found, full, path);
      return copy;
    };
    if (file.find(fmt::format("optimizer.{}.{}", name, sgd ? "momentum_buffer" : "step")) == nullptr && sgd &&
        config_.momentum == 0)
      continue;
    void* key = parameter.unsafeGetTensorImpl();
    if (sgd) {
      auto state = std::make_unique<torch::optim::SGDParamState>();
      state->momentum_buffer(load("momentum_buffer"));
      optimizer_->state()[key] = std::move(state);
      continue;
    }
    const std::string step_name = fmt::format("optimizer.{}.step", name);
    const at::Tensor* step = file.find(step_name);
    if (step == nullptr)
      throw DataError(fmt::format(
          "{}: tensor '{}' is missing; was the checkpoint written with another optimizer?", path, step_name));
    optimizer_->state()[key] =
        config_.kind == config::OptimizerKind::kAdam
            ? adam_state<torch::optim::AdamParamState>(load("exp_avg"), load("exp_avg_sq"), *step)
            : adam_state<torch::optim::AdamWParamState>(load("exp_avg"), load("exp_avg_sq"), *step);
  }
}

}  // namespace interlock::training
