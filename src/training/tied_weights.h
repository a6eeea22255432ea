#pragma once
// The tied matrix (docs/models.md): several layers hold a copy of it, on one stage or on several. A copy's
// gradient is its own layer's; the matrix learns from their sum, so before the update each copy gets the sum
// and all copies take the same step.
//
// The order of the sum is fixed, as ranks and oracle must agree to the last bit: over the copies of a stage
// (main, then head), then over the stages upwards.

#include "models/stage.h"

namespace interlock::training {

// Sum over the stage's copies; undefined where it has none.
at::Tensor tied_gradient(const models::Stage& stage);

// Gives every copy of the stage this gradient, each its own memory.
void set_tied_gradient(const models::Stage& stage, const at::Tensor& sum);

}  // namespace interlock::training
