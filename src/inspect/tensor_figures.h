#pragma once
// What a tensor's bytes say: how large its values are and whether all of them are numbers.

#include <cstddef>
#include <cstdint>

#include "storage/element_type.h"

namespace interlock::inspect {

// Of finite values only; minimum and maximum are NaN where there is none.
struct TensorFigures {
  std::int64_t elements = 0;
  std::int64_t not_a_number = 0;
  std::int64_t infinite = 0;
  double minimum = 0;
  double maximum = 0;
  double squares = 0;  // their sum

  TensorFigures();
  [[nodiscard]] double norm() const;  // the square root of the sum of squares
  [[nodiscard]] std::int64_t nonfinite() const { return not_a_number + infinite; }
  void add(const TensorFigures& other);
  // `count` bytes, a whole number of elements.
  void add(storage::ElementType type, const char* bytes, std::size_t count);
};

// The elements of `type` at `bytes` as doubles (an I64 above 2^53 loses its last bits), `count` of them.
void widen(storage::ElementType type, const char* bytes, std::size_t count, double* values);

}  // namespace interlock::inspect
