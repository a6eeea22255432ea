#include "training/fused_step.h"

#include <map>
#include <optional>
#include <utility>

#include <torch/types.h>

namespace interlock::training {
namespace {

using config::OptimizerKind;

// Parameters that one fused call can take: of one decay, as many steps old.
struct Call {
  std::vector<at::Tensor> parameters, gradients, first, second;
};

// Do both have their elements in the same places? Strides of dimensions of size 1 (1x1 convolutions) say
// nothing.
bool same_order(const at::Tensor& a, const at::Tensor& b) {
  for (std::int64_t i = 0; i < a.dim(); ++i) {
    if (a.size(i) != 1 && a.stride(i) != b.stride(i)) return false;
  }
  return true;
}

void match_layout(const at::Tensor& parameter) {
  at::Tensor& gradient = parameter.mutable_grad();
  if (gradient.strides() == parameter.strides()) return;
  gradient = same_order(gradient, parameter)
                 ? gradient.as_strided(parameter.sizes(), parameter.strides(), gradient.storage_offset())
                 : torch::empty_like(parameter).copy_(gradient);
}

void step_sgd(const Call& call, const config::OptimizerConfig& config, double learning_rate, double decay,
              const std::optional<at::Tensor>& divisor) {
  // A buffer of zeros gives what a first step gives: momentum x 0 + gradient.
  at::_fused_sgd_(call.parameters, call.gradients, call.first, decay, config.momentum, learning_rate,
                  /*dampening=*/0, config.nesterov && config.momentum != 0, /*maximize=*/false,
                  /*is_first_step=*/false, divisor);
}

void step_adam(const Call& call, const config::OptimizerConfig& config, double learning_rate, double decay,
               std::int64_t steps, const std::optional<at::Tensor>& divisor) {
  const auto options = call.parameters.front().options().dtype(torch::kFloat).requires_grad(false);
  const std::vector<at::Tensor> ages(call.parameters.size(),
                                     torch::full({}, static_cast<double>(steps), options));
  const auto take = [&](const auto& fused) {
    fused(call.parameters, call.gradients, call.first, call.second, /*max_exp_avg_sqs=*/at::TensorList{},
          ages, learning_rate, config.beta1, config.beta2, decay, config.epsilon, /*amsgrad=*/false,
          /*maximize=*/false, divisor, /*found_inf=*/std::optional<at::Tensor>{});
  };
  if (config.kind == OptimizerKind::kAdam) {
    take([](auto&&... arguments) { at::_fused_adam_(arguments...); });
  } else {
    take([](auto&&... arguments) { at::_fused_adamw_(arguments...); });
  }
}

}  // namespace

void begin_state(ParameterState& state, const config::OptimizerConfig& config) {
  if (state.first.defined() || (config.kind == OptimizerKind::kSgd && config.momentum == 0)) return;
  const at::NoGradGuard no_grad;
  state.first = torch::zeros_like(state.parameter);
  if (config.kind != OptimizerKind::kSgd) state.second = torch::zeros_like(state.parameter);
}

void fused_step(const std::vector<ParameterState*>& states, const config::OptimizerConfig& config,
                double learning_rate, const at::Tensor& divisor) {
  std::map<std::pair<bool, std::int64_t>, Call> calls;  // by (decays, steps with this one)
  for (ParameterState* const state : states) {
    if (!state->parameter.grad().defined()) continue;
    begin_state(*state, config);
    match_layout(state->parameter);
    if (config.kind != OptimizerKind::kSgd) ++state->steps;
    Call& call = calls[{state->decays, state->steps}];
    call.parameters.push_back(state->parameter);
    call.gradients.push_back(state->parameter.grad());
    if (state->first.defined()) call.first.push_back(state->first);
    if (state->second.defined()) call.second.push_back(state->second);
  }
  const std::optional<at::Tensor> by = divisor.defined() ? std::optional<at::Tensor>(divisor) : std::nullopt;
  for (const auto& [key, call] : calls) {
    const double decay = key.first ? config.weight_decay : 0;
    if (config.kind == OptimizerKind::kSgd) {
      step_sgd(call, config, learning_rate, decay, by);
    } else {
      step_adam(call, config, learning_rate, decay, key.second, by);
    }
  }
}

}  // namespace interlock::training
