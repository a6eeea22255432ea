#pragma once
// Two sets of tensors, name by name.

#include <cstdint>
#include <string>
#include <vector>

#include "inspect/look.h"

namespace interlock::inspect {

struct TensorComparison {
  std::string name;
  std::string only_in;         // the path of the set that alone has it; "": both do
  std::string shapes;          // how their shapes differ, "" where they do not
  std::int64_t elements = 0;   // compared
  std::int64_t different = 0;  // of those; two NaN are equal
  double largest = 0;          // difference; infinite where one is a number and the other is not
  double relative = 0;         // norm of the difference / norm of the left one
  [[nodiscard]] bool equal() const { return only_in.empty() && shapes.empty() && different == 0; }
};

// In the order of the left set; what the right one alone has comes last. `selection.read` has no effect.
// Errors: DataError where a tensor is damaged or a file cannot be listed, UsageError as look().
std::vector<TensorComparison> compare(const TensorSet& left, const TensorSet& right,
                                      const Selection& selection);

}  // namespace interlock::inspect
