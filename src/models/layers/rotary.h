#pragma once
// Rotary positions (Su et al., 2021): features i and i + size/2 of a head are a point in the plane, turned by
// position x base^(-2 i / size).

#include <ATen/core/Tensor.h>

namespace interlock::models {

// [T, size / 2], of the activations' type.
struct RotaryTurns {
  at::Tensor cos, sin;
};

// For queries or keys `x`: [n, heads, T, size]. Positions, frequencies and angles are float32 whatever x is:
// bfloat16 cannot tell position 257 from 256.
RotaryTurns rotary_turns(const at::Tensor& x);

at::Tensor turned(const at::Tensor& x, const RotaryTurns& turns);

}  // namespace interlock::models
