#include "models/layers/rotary.h"

#include "models_support.h"

namespace interlock::models {
namespace {

// The definition in float64, feature by feature, of values that x's type can hold.
at::Tensor by_definition(const at::Tensor& x) {
  const at::Tensor in = x.to(torch::kDouble);
  const at::Tensor out = torch::empty_like(in);
  const std::int64_t half = x.size(3) / 2;
  for (std::int64_t t = 0; t < x.size(2); ++t) {
    for (std::int64_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(t) *
                           std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(2 * half));
      const at::Tensor a = in.select(2, t).select(2, i), b = in.select(2, t).select(2, i + half);
      out.select(2, t).select(2, i).copy_(a * std::cos(angle) - b * std::sin(angle));
      out.select(2, t).select(2, i + half).copy_(b * std::cos(angle) + a * std::sin(angle));
    }
  }
  return out;
}

double largest_error(at::ScalarType type) {
  torch::manual_seed(4);
  const at::Tensor x = torch::rand({1, 2, 1024, 16}).sub(0.5).to(type);
  const at::Tensor y = turned(x, rotary_turns(x));
  CHECK(y.scalar_type() == type);
  return (y.to(torch::kDouble) - by_definition(x)).abs().max().item<double>();
}

TEST_CASE(
    "rotary positions are the definition's to the last bits of the activations' type, far positions too") {
  // A turned value is at most 0.71: three roundings of half a unit in the last place each, 8, 11 and 24 bits.
  CHECK(largest_error(torch::kBFloat16) < 3 * 0.71 * 0x1p-8);
  CHECK(largest_error(torch::kHalf) < 3 * 0.71 * 0x1p-11);
  // The angle itself is a float32 of up to 1023.
  CHECK(largest_error(torch::kFloat) < 1023 * 0x1p-23);
}

TEST_CASE("what bfloat16 leaves of a turn is its nearest value to the precise one") {
  const at::Tensor x = torch::ones({1, 1, 1024, 2}, torch::kBFloat16);
  const at::Tensor precise = rotary_turns(x.to(torch::kDouble)).cos;  // 1 radian a position
  CHECK((rotary_turns(x).cos.to(torch::kDouble) - precise).abs().max().item<double>() <= 0x1p-9 + 1e-4);
}

}  // namespace
}  // namespace interlock::models
