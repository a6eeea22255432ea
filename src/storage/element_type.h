#pragma once
// The element types of safetensors files: names in the header and sizes. No torch.

#include <cstddef>
#include <optional>
#include <string>

namespace interlock::storage {

enum class ElementType {
  kFloat64,
  kFloat32,
  kFloat16,
  kBfloat16,
  kInt64,
  kInt32,
  kInt16,
  kInt8,
  kUint8,
  kBool
};

std::size_t element_bytes(ElementType type);
std::string element_name(ElementType type);                         // "F32"
std::optional<ElementType> element_named(const std::string& name);  // nothing for a name we do not know

}  // namespace interlock::storage
