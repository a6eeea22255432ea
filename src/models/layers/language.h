#pragma once
// What the layers of a language model have in common. Activations are [n, T, width], tokens [n, T].

#include "models/layers/linear.h"
#include "models/layers/normalisation.h"

namespace interlock::models {

// GPT-2's initial weights: normal with this deviation, biases 0.
inline constexpr double kTokenWeightDeviation = 0.02;

// Throws ShapeMismatch unless `in` is [T, width].
void require_tokens(const Shape& in, std::int64_t width);

// Sets weights to the normal distribution of that deviation and the bias, where there is one, to 0.
void initialise_projection(Linear& linear, double deviation = kTokenWeightDeviation);

}  // namespace interlock::models
