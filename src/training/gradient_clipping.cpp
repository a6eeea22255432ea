#include "training/gradient_clipping.h"

#include <cmath>

#include <torch/types.h>

namespace interlock::training {
namespace {

constexpr double kEpsilon = 1e-6;  // as torch.nn.utils.clip_grad_norm_ adds to the norm

}  // namespace

at::Tensor sum_of_squares(const std::vector<at::Tensor>& gradients) {
  return torch::stack(at::_foreach_norm(gradients, 2)).to(at::kDouble).square().sum();
}

at::Tensor clip_divisor(const at::Tensor& squares, double limit) {
  return ((squares.sqrt() + kEpsilon) / limit).clamp_min(1);
}

double clip_divisor(double squares, double limit) {
  const double excess = (std::sqrt(squares) + kEpsilon) / limit;
  return excess < 1 ? 1 : excess;
}

bool clips_globally(const config::TrainingConfig& training) {
  return training.clip_norm > 0 && training.clip_scope == config::ClipScope::kGlobal;
}

bool counts_tied_matrix(const models::Blueprint& blueprint, int stage) {
  for (const models::StageBlueprint& candidate : blueprint.stages) {
    if (candidate.tied_weights > 0) return candidate.stage == stage;
  }
  return false;
}

}  // namespace interlock::training
