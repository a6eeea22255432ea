#include "models/layers/rotary.h"

#include <cmath>

#include <torch/types.h>

namespace interlock::models {
namespace {

constexpr double kBase = 10000;

}  // namespace

RotaryTurns rotary_turns(const at::Tensor& x) {
  const std::int64_t positions = x.size(2), half = x.size(3) / 2;
  const at::TensorOptions precise = x.options().dtype(torch::kFloat);
  const at::Tensor index = torch::arange(half, precise);
  const at::Tensor frequency = torch::exp(index * (-std::log(kBase) / static_cast<double>(half)));
  const at::Tensor angle = torch::arange(positions, precise).unsqueeze(1) * frequency;
  return {angle.cos().to(x.scalar_type()), angle.sin().to(x.scalar_type())};
}

at::Tensor turned(const at::Tensor& x, const RotaryTurns& turns) {
  const std::int64_t half = x.size(3) / 2;
  const at::Tensor first = x.slice(3, 0, half), second = x.slice(3, half);
  return at::cat({first * turns.cos - second * turns.sin, second * turns.cos + first * turns.sin}, 3);
}

}  // namespace interlock::models
