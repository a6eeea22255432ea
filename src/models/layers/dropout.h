#pragma once

#include "models/layer.h"

namespace interlock::models {

// x with each element zeroed with this probability and the others scaled up, while training; x itself
// otherwise. The mask is a function of (context.dropout_seed, context.layer, branch) alone: a layer that
// drops out in several places numbers them.
at::Tensor dropout(const at::Tensor& x, double probability, const ForwardContext& context,
                   std::uint64_t branch = 0);

}  // namespace interlock::models
