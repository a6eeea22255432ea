#pragma once

#include "models/layer.h"

namespace interlock::models {

// The context of training micro-batch m of a step: the one place that says what dropout's randomness depends
// on, so that ranks and oracle cannot differ in it.
ForwardContext training_context(std::uint64_t seed, std::int64_t epoch, std::int64_t step, int m);

}  // namespace interlock::models
