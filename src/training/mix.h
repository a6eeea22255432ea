#pragma once
// Combining gradients of several losses before the weight gradient (design: `mix`). Backward is linear in the
// output gradient, so one pass with the combination gives the combination of the weight gradients.

#include <functional>

#include <ATen/core/Tensor.h>

#include "schedule/gradient_rule.h"

namespace interlock::training {

// sum over l in losses_mixed(stage), ascending, of mix_weight(l, stage) x delta(l). The order is fixed
// because floating-point addition is not associative and results must not depend on who computes them.
at::Tensor mix_gradients(const schedule::GradientRule& rule, int stage,
                         const std::function<at::Tensor(int loss)>& delta);

}  // namespace interlock::training
