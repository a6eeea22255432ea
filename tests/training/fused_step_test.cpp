#include "training/fused_step.h"

#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "support/small_runs.h"

namespace interlock::training {
namespace {

using config::OptimizerConfig;
using config::OptimizerKind;

// Sizes that leave a remainder behind every vector width.
std::vector<at::Tensor> some_parameters() {
  torch::manual_seed(1);
  std::vector<at::Tensor> all;
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{37, 19}, {5}, {64}, {3, 2, 3, 3}}) {
    all.push_back(torch::randn(shape).requires_grad_());
  }
  return all;
}

std::vector<ParameterState> states_of(const std::vector<at::Tensor>& parameters) {
  std::vector<ParameterState> states;
  for (const at::Tensor& parameter : parameters) states.push_back({"p", parameter, true, {}, {}, 0});
  return states;
}

void take_step(std::vector<ParameterState>& states, const OptimizerConfig& config, double rate,
               const at::Tensor& divisor = {}) {
  const at::NoGradGuard no_grad;
  std::vector<ParameterState*> pointers;
  for (ParameterState& state : states) pointers.push_back(&state);
  fused_step(pointers, config, rate, divisor);
}

void draw_gradients(const std::vector<at::Tensor>& parameters, std::uint64_t seed, double size = 1) {
  torch::manual_seed(seed);
  for (const at::Tensor& parameter : parameters)
    parameter.mutable_grad() = torch::randn_like(parameter) * size;
}

std::unique_ptr<torch::optim::Optimizer> torch_optimizer(const std::vector<at::Tensor>& parameters,
                                                         const OptimizerConfig& config) {
  const auto betas = std::make_tuple(config.beta1, config.beta2);
  if (config.kind == OptimizerKind::kSgd) {
    return std::make_unique<torch::optim::SGD>(parameters, torch::optim::SGDOptions(config.lr)
                                                               .momentum(config.momentum)
                                                               .nesterov(config.nesterov)
                                                               .weight_decay(config.weight_decay));
  }
  if (config.kind == OptimizerKind::kAdam) {
    return std::make_unique<torch::optim::Adam>(parameters, torch::optim::AdamOptions(config.lr)
                                                                .betas(betas)
                                                                .eps(config.epsilon)
                                                                .weight_decay(config.weight_decay));
  }
  return std::make_unique<torch::optim::AdamW>(parameters, torch::optim::AdamWOptions(config.lr)
                                                               .betas(betas)
                                                               .eps(config.epsilon)
                                                               .weight_decay(config.weight_decay));
}

OptimizerConfig optimizer(OptimizerKind kind, double rate, double decay = 0, double momentum = 0,
                          bool nesterov = false) {
  OptimizerConfig config;
  config.kind = kind;
  config.lr = rate;
  config.weight_decay = decay;
  config.momentum = momentum;
  config.nesterov = nesterov;
  return config;
}

std::vector<OptimizerConfig> all_optimizers() {
  return {optimizer(OptimizerKind::kSgd, 0.1),
          optimizer(OptimizerKind::kSgd, 0.1, 0.01),
          optimizer(OptimizerKind::kSgd, 0.1, 0.01, 0.9),
          optimizer(OptimizerKind::kSgd, 0.1, 0.01, 0.9, true),
          optimizer(OptimizerKind::kAdam, 0.01),
          optimizer(OptimizerKind::kAdam, 0.01, 0.1),
          optimizer(OptimizerKind::kAdamW, 0.01, 0.1)};
}

TEST_CASE("twenty fused steps are torch.optim's to rounding, under every optimizer") {
  for (const OptimizerConfig& config : all_optimizers()) {
    INFO(static_cast<int>(config.kind)
         << " momentum " << config.momentum << " decay " << config.weight_decay);
    const std::vector<at::Tensor> ours = some_parameters(), theirs = some_parameters();
    std::vector<ParameterState> states = states_of(ours);
    const auto reference = torch_optimizer(theirs, config);
    for (std::uint64_t step = 1; step <= 20; ++step) {
      draw_gradients(ours, step);
      draw_gradients(theirs, step);
      const double rate = config.lr / static_cast<double>(step);
      for (auto& group : reference->param_groups()) group.options().set_lr(rate);
      take_step(states, config, rate);
      reference->step();
    }
    for (std::size_t i = 0; i < ours.size(); ++i) {
      CHECK((ours[i] - theirs[i]).abs().max().item<double>() < 1e-6);
      CHECK((ours[i] - theirs[i]).norm().item<double>() < 1e-7 * theirs[i].norm().item<double>());
    }
  }
}

TEST_CASE("steps depend on nothing but gradients and state: the same bits every time, whatever steps along") {
  for (const OptimizerConfig& config : all_optimizers()) {
    const std::vector<at::Tensor> together = some_parameters(), alone = some_parameters();
    std::vector<ParameterState> states = states_of(together), single = states_of(alone);
    for (std::uint64_t step = 1; step <= 3; ++step) {
      draw_gradients(together, step);
      draw_gradients(alone, step);
      take_step(states, config, 0.1);
      for (ParameterState& state : single) {
        std::vector<ParameterState> one{state};
        take_step(one, config, 0.1);
        state = one.front();
      }
    }
    for (std::size_t i = 0; i < together.size(); ++i) CHECK(together[i].equal(alone[i]));
  }
}

TEST_CASE("a gradient laid out another way than its parameter counts element by element") {
  for (const OptimizerConfig& config : all_optimizers()) {
    const std::vector<at::Tensor> plain = some_parameters(), turned = some_parameters();
    std::vector<ParameterState> states = states_of(plain), other = states_of(turned);
    draw_gradients(plain, 1);
    draw_gradients(turned, 1);
    turned[0].mutable_grad() = turned[0].grad().t().contiguous().t();
    turned[3].mutable_grad() = turned[3].grad().contiguous(at::MemoryFormat::ChannelsLast);
    turned[1].mutable_grad() = plain[1].mutable_grad() = torch::ones({}).expand({5});
    REQUIRE(turned[0].grad().strides() != turned[0].strides());
    take_step(states, config, 0.1);
    take_step(other, config, 0.1);
    for (std::size_t i = 0; i < plain.size(); ++i) CHECK(plain[i].equal(turned[i]));
  }
}

TEST_CASE("a gradient in the same order is not copied, whatever the strides of its single rows and columns") {
  const at::Tensor weight = torch::ones({3, 4, 1, 1}).requires_grad_();
  weight.mutable_grad() =
      torch::arange(12, torch::kFloat).view({3, 4, 1, 1}).as_strided({3, 4, 1, 1}, {4, 1, 4, 4});
  const void* const memory = weight.grad().data_ptr();
  REQUIRE(weight.grad().strides() != weight.strides());
  std::vector<ParameterState> states = states_of({weight});
  take_step(states, optimizer(OptimizerKind::kSgd, 0.5), 0.5);
  CHECK(weight.grad().data_ptr() == memory);
  CHECK(weight.grad().strides() == weight.strides());
  CHECK(weight.flatten().equal(1 - 0.5 * torch::arange(12, torch::kFloat)));
}

TEST_CASE("dividing in the step is dividing before it, and stays in the gradients") {
  for (const OptimizerConfig& config : all_optimizers()) {
    const std::vector<at::Tensor> inside = some_parameters(), before = some_parameters();
    std::vector<ParameterState> states = states_of(inside), other = states_of(before);
    draw_gradients(inside, 1, 4);
    draw_gradients(before, 1);
    take_step(states, config, 0.1, torch::full({}, 4.0F));
    take_step(other, config, 0.1);
    for (std::size_t i = 0; i < inside.size(); ++i) {
      CHECK(inside[i].equal(before[i]));
      CHECK(inside[i].grad().equal(before[i].grad()));
    }
  }
}

TEST_CASE("a parameter without a gradient stays, and its age with it") {
  OptimizerConfig config = optimizer(OptimizerKind::kAdam, 0.1);
  const std::vector<at::Tensor> parameters = some_parameters();
  std::vector<ParameterState> states = states_of(parameters);
  const at::Tensor start = parameters[1].detach().clone();
  for (std::uint64_t step = 1; step <= 3; ++step) {
    draw_gradients(parameters, step);
    if (step < 3) parameters[1].mutable_grad().reset();
    take_step(states, config, 0.1);
    if (step < 3) CHECK(parameters[1].equal(start));
  }
  CHECK(states[0].steps == 3);
  CHECK(states[1].steps == 1);
  // Adam's first step is its rate in every element, however young the others are.
  CHECK((parameters[1] - start).abs().allclose(torch::full({5}, 0.1F), 1e-4));
}

TEST_CASE("weights that do not decay are not drawn to zero") {
  const OptimizerConfig config = optimizer(OptimizerKind::kSgd, 1, 0.5);
  const std::vector<at::Tensor> parameters = some_parameters();
  std::vector<ParameterState> states = states_of(parameters);
  states[1].decays = false;
  const at::Tensor decaying = parameters[0].detach().clone(), constant = parameters[1].detach().clone();
  for (const at::Tensor& parameter : parameters) parameter.mutable_grad() = torch::zeros_like(parameter);
  take_step(states, config, 1);
  CHECK(parameters[0].equal(decaying * 0.5));
  CHECK(parameters[1].equal(constant));
}

}  // namespace
}  // namespace interlock::training
