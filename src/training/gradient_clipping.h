#pragma once
// training.clip_norm: the arithmetic of limiting a gradient's norm. What is one norm and what is another:
// StageOptimizer.

#include <vector>

#include <ATen/core/Tensor.h>

#include "models/blueprint.h"

namespace interlock::training {

// Sum of the squares of all their elements: a float64 scalar on the CPU or accelerator they are on, which
// nobody waits for here. The sum is taken tensor by tensor, in their order. REQUIRES one tensor or more.
at::Tensor sum_of_squares(const std::vector<at::Tensor>& gradients);

// What gradients are to be divided by so that their norm is at most `limit`: 1 or more. The norm's square
// as a tensor (then so is the result) or as a number. Not a number stays so: it must not pass for small.
at::Tensor clip_divisor(const at::Tensor& squares, double limit);
double clip_divisor(double squares, double limit);

// Is there one norm over the main nets of all stages to be added up before each update?
bool clips_globally(const config::TrainingConfig& training);

// training.clip_scope: global counts a tied matrix once, however many stages hold it. Is it this one that
// counts it? The lowest stage that holds a copy.
bool counts_tied_matrix(const models::Blueprint& blueprint, int stage);

}  // namespace interlock::training
