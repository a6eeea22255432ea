#include "models/layers/dropout_mask.h"

#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <torch/types.h>

#include "common/random.h"
#include "models/layout.h"

namespace interlock::models {
namespace {

using C = SplitMixConstants;

constexpr std::int64_t kGrain = 1 << 15;  // elements that are worth a thread

// `keep` of all signed 64-bit integers are smaller; to 31 bits, as far as a float32's 1 / keep is meant.
std::int64_t threshold(double keep) {
  const auto kept = static_cast<std::int64_t>(std::llround(keep * 0x1p31));
  if (kept == 1LL << 31) return std::numeric_limits<std::int64_t>::max();
  return (kept - (1LL << 30)) * (1LL << 33);
}

float scale(double keep) {
  return static_cast<float>(1 / keep);
}

// z ^ (z >> shift), for integers that count as unsigned. In place.
void xor_shifted(at::Tensor& z, int shift) {
  const std::int64_t low_bits = (1LL << (64 - shift)) - 1;  // the sign must not come along
  z.bitwise_xor_(at::bitwise_right_shift(z, shift).bitwise_and_(low_bits));
}

std::int64_t as_signed(std::uint64_t bits) {
  return static_cast<std::int64_t>(bits);
}

}  // namespace

at::Tensor looped_dropout_mask(std::int64_t first, std::int64_t count, const DropoutDraw& draw) {
  const at::Tensor mask = torch::empty({count}, torch::kFloat);
  float* const values = mask.mutable_data_ptr<float>();
  const std::int64_t below = threshold(draw.keep);
  const float kept = scale(draw.keep);
  at::parallel_for(0, count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint64_t number = random_at(draw.seed, static_cast<std::uint64_t>(first + i));
      values[i] = as_signed(number) < below ? kept : 0.0F;
    }
  });
  return mask;
}

at::Tensor composed_dropout_mask(std::int64_t first, std::int64_t count, const DropoutDraw& draw,
                                 at::Device device) {
  at::Tensor z = torch::arange(first + 1, first + 1 + count, at::TensorOptions(device).dtype(torch::kLong));
  z.mul_(as_signed(C::kGamma)).add_(as_signed(draw.seed));
  xor_shifted(z, C::kFirstShift);
  z.mul_(as_signed(C::kFirstFactor));
  xor_shifted(z, C::kSecondShift);
  z.mul_(as_signed(C::kSecondFactor));
  // The last xor leaves the 31 highest bits as they are, and the threshold has no others.
  static_assert(C::kLastShift == 31);
  return z.lt(threshold(draw.keep)).to(torch::kFloat).mul_(scale(draw.keep));
}

at::Tensor dropout_mask(const std::vector<std::int64_t>& sizes, const DropoutDraw& draw, at::Device device) {
  const std::vector<std::int64_t> laid_out = contiguous_sizes(sizes);
  const std::int64_t count = c10::multiply_integers(laid_out);
  const std::int64_t first = sizes.at(0) == 0 ? 0 : draw.first_row * (count / sizes.at(0));
  const at::Tensor flat = device.is_cpu() ? looped_dropout_mask(first, count, draw)
                                          : composed_dropout_mask(first, count, draw, device);
  return from_contiguous(flat.view(laid_out));
}

}  // namespace interlock::models
