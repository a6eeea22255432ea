#include "training/tied_weights.h"

#include <torch/types.h>

namespace interlock::training {

at::Tensor tied_gradient(const models::Stage& stage) {
  const at::NoGradGuard no_grad;
  at::Tensor sum;
  for (const at::Tensor& copy : stage.tied_weights()) {
    if (!copy.requires_grad()) continue;
    const at::Tensor own = copy.grad().defined() ? copy.grad() : torch::zeros_like(copy);
    sum = sum.defined() ? sum + own : own;
  }
  return sum;
}

void set_tied_gradient(const models::Stage& stage, const at::Tensor& sum) {
  for (const at::Tensor& copy : stage.tied_weights()) {
    if (copy.requires_grad()) copy.mutable_grad() = sum.clone();
  }
}

}  // namespace interlock::training
