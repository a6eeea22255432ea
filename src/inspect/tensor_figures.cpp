#include "inspect/tensor_figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/error.h"

namespace interlock::inspect {
namespace {

using storage::ElementType;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// IEEE 754 binary16: 5 bits of exponent, 10 of fraction.
double from_half(std::uint16_t bits) {
  constexpr int kFractionBits = 10;
  constexpr int kBias = 15;
  const double sign = (bits >> 15) != 0 ? -1 : 1;
  const int exponent = (bits >> kFractionBits) & 0x1f;
  const int fraction = bits & 0x3ff;
  if (exponent == 0x1f) return fraction != 0 ? kNone : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - kBias - kFractionBits);
  return sign * std::ldexp(fraction + (1 << kFractionBits), exponent - kBias - kFractionBits);
}

// The upper half of a float32.
double from_bfloat16(std::uint16_t bits) {
  const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
  float value = 0;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

template <class Stored, class Convert>
void widen_all(const char* bytes, std::size_t count, double* values, const Convert& convert) {
  for (std::size_t i = 0; i < count; ++i) {
    Stored stored{};
    std::memcpy(&stored, bytes + i * sizeof(Stored), sizeof(Stored));
    values[i] = convert(stored);
  }
}

template <class Number>
void widen_numbers(const char* bytes, std::size_t count, double* values) {
  widen_all<Number>(bytes, count, values, [](Number number) { return static_cast<double>(number); });
}

}  // namespace

void widen(ElementType type, const char* bytes, std::size_t count, double* values) {
  switch (type) {
    case ElementType::kFloat64:
      return widen_numbers<double>(bytes, count, values);
    case ElementType::kFloat32:
      return widen_numbers<float>(bytes, count, values);
    case ElementType::kFloat16:
      return widen_all<std::uint16_t>(bytes, count, values, from_half);
    case ElementType::kBfloat16:
      return widen_all<std::uint16_t>(bytes, count, values, from_bfloat16);
    case ElementType::kInt64:
      return widen_numbers<std::int64_t>(bytes, count, values);
    case ElementType::kInt32:
      return widen_numbers<std::int32_t>(bytes, count, values);
    case ElementType::kInt16:
      return widen_numbers<std::int16_t>(bytes, count, values);
    case ElementType::kInt8:
      return widen_numbers<std::int8_t>(bytes, count, values);
    case ElementType::kUint8:
    case ElementType::kBool:
      return widen_numbers<std::uint8_t>(bytes, count, values);
  }
  throw BrokenInvariant("an element type that nobody can read");
}

TensorFigures::TensorFigures() : minimum(kNone), maximum(kNone) {}

double TensorFigures::norm() const {
  return std::sqrt(squares);
}

void TensorFigures::add(const TensorFigures& other) {
  elements += other.elements;
  not_a_number += other.not_a_number;
  infinite += other.infinite;
  minimum = std::fmin(minimum, other.minimum);  // of a NaN and a number these are the number
  maximum = std::fmax(maximum, other.maximum);
  squares += other.squares;
}

void TensorFigures::add(ElementType type, const char* bytes, std::size_t count) {
  std::array<double, 1024> values{};
  const std::size_t width = storage::element_bytes(type);
  TensorFigures own;
  double lowest = std::numeric_limits<double>::infinity();
  double highest = -lowest;
  for (std::size_t left = count / width; left > 0;) {
    const std::size_t some = std::min(left, values.size());
    widen(type, bytes, some, values.data());
    for (std::size_t i = 0; i < some; ++i) {
      const double value = values[i];
      if (std::isfinite(value)) {
        lowest = std::min(lowest, value);
        highest = std::max(highest, value);
        own.squares += value * value;
      } else {
        ++(std::isnan(value) ? own.not_a_number : own.infinite);
      }
    }
    own.elements += static_cast<std::int64_t>(some);
    bytes += some * width;
    left -= some;
  }
  if (lowest <= highest) {
    own.minimum = lowest;
    own.maximum = highest;
  }
  add(own);
}

}  // namespace interlock::inspect
