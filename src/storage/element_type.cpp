#include "storage/element_type.h"

#include <array>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::storage {
namespace {

struct ElementRow {
  ElementType type;
  const char* name;
  std::size_t bytes;
};

constexpr std::array<ElementRow, 10> kElements = {{{ElementType::kFloat64, "F64", 8},
                                                   {ElementType::kFloat32, "F32", 4},
                                                   {ElementType::kFloat16, "F16", 2},
                                                   {ElementType::kBfloat16, "BF16", 2},
                                                   {ElementType::kInt64, "I64", 8},
                                                   {ElementType::kInt32, "I32", 4},
                                                   {ElementType::kInt16, "I16", 2},
                                                   {ElementType::kInt8, "I8", 1},
                                                   {ElementType::kUint8, "U8", 1},
                                                   {ElementType::kBool, "BOOL", 1}}};

const ElementRow& row_of(ElementType type) {
  for (const ElementRow& row : kElements) {
    if (row.type == type) return row;
  }
  throw BrokenInvariant(fmt::format("element type {} is not in the table", static_cast<int>(type)));
}

}  // namespace

std::size_t element_bytes(ElementType type) {
  return row_of(type).bytes;
}
std::string element_name(ElementType type) {
  return row_of(type).name;
}

std::optional<ElementType> element_named(const std::string& name) {
  for (const ElementRow& row : kElements) {
    if (name == row.name) return row.type;
  }
  return std::nullopt;
}

}  // namespace interlock::storage
