#include "storage/safetensors.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include "common/atomic_file.h"
#include "common/error.h"
#include "storage/input_file.h"
#include "storage/safetensors_header.h"
#include "storage/safetensors_parts.h"

namespace interlock::storage {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensor bytes are copied as they are");

constexpr std::array<std::pair<ElementType, at::ScalarType>, 10> kTypes = {
    {{ElementType::kFloat64, at::kDouble},
     {ElementType::kFloat32, at::kFloat},
     {ElementType::kFloat16, at::kHalf},
     {ElementType::kBfloat16, at::kBFloat16},
     {ElementType::kInt64, at::kLong},
     {ElementType::kInt32, at::kInt},
     {ElementType::kInt16, at::kShort},
     {ElementType::kInt8, at::kChar},
     {ElementType::kUint8, at::kByte},
     {ElementType::kBool, at::kBool}}};

at::ScalarType torch_type(ElementType type) {
  for (const auto& [ours, torchs] : kTypes) {
    if (ours == type) return torchs;
  }
  throw BrokenInvariant(fmt::format("element type {} has no torch type", static_cast<int>(type)));
}

ElementType element_type(const std::string& name, at::ScalarType type) {
  for (const auto& [ours, torchs] : kTypes) {
    if (torchs == type) return ours;
  }
  throw BrokenInvariant(
      fmt::format("tensor '{}' has type {}, which safetensors files do not hold", name, at::toString(type)));
}

}  // namespace

at::Tensor read_tensor(InputFile& file, const TensorEntry& entry) {
  at::Tensor tensor = at::empty(entry.shape, at::TensorOptions(torch_type(entry.type)).device(at::kCPU));
  const std::uint64_t start = file.offset();
  auto* bytes = static_cast<std::uint8_t*>(tensor.mutable_data_ptr());
  const std::uint64_t count = entry.end - entry.begin;
  file.read(bytes, count);
  if (entry.type == ElementType::kBool) {
    // Any other byte in a C++ bool is undefined behaviour.
    const auto* bad = std::find_if(bytes, bytes + count, [](std::uint8_t byte) { return byte > 1; });
    if (bad != bytes + count) {
      file.fail(start + static_cast<std::uint64_t>(bad - bytes),
                fmt::format("tensor '{}': a BOOL is 0 or 1, not {}", entry.name, *bad));
    }
  }
  return tensor;
}

SafetensorsHeader header_of(const TensorFile& file, const std::string& path) {
  SafetensorsHeader header;
  header.metadata = file.metadata;
  std::set<std::string> names = {"__metadata__"};
  std::uint64_t cursor = 0;
  for (const auto& [name, tensor] : file.tensors) {
    INTERLOCK_CHECK(tensor.defined(), fmt::format("tensor '{}' written to {} is undefined", name, path));
    INTERLOCK_CHECK(names.insert(name).second, fmt::format("name '{}' written twice to {}", name, path));
    TensorEntry entry;
    entry.name = name;
    entry.type = element_type(name, tensor.scalar_type());
    entry.shape = tensor.sizes().vec();
    entry.begin = cursor;
    entry.end = cursor += static_cast<std::uint64_t>(tensor.numel()) * element_bytes(entry.type);
    header.tensors.push_back(std::move(entry));
  }
  return header;
}

void write_tensors(const std::string& path, const std::string& header, const TensorFile& file) {
  const std::uint64_t length = header.size();
  AtomicFile output(path);
  output.write(&length, sizeof(length));
  output.write(header.data(), header.size());
  for (const auto& [name, tensor] : file.tensors) {
    const at::Tensor plain = plain_copy(tensor);  // one tensor at a time, whatever the file's size
    output.write(plain.const_data_ptr(), plain.nbytes());
  }
  output.commit();
}

at::Tensor plain_copy(const at::Tensor& tensor) {
  return tensor.detach().cpu().contiguous();
}

const at::Tensor* TensorFile::find(const std::string& name) const {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return &tensor;
  }
  return nullptr;
}

TensorFile read_safetensors(const std::string& path) {
  InputFile file(path);
  const std::string text = read_safetensors_header(file);
  SafetensorsHeader header = parse_safetensors_header(path, text, file.size() - file.offset());
  TensorFile result;
  result.metadata = std::move(header.metadata);
  result.tensors.reserve(header.tensors.size());
  for (const TensorEntry& entry : header.tensors)
    result.tensors.emplace_back(entry.name, read_tensor(file, entry));
  return result;
}

void write_safetensors(const std::string& path, const TensorFile& file) {
  write_tensors(path, format_safetensors_header(header_of(file, path)), file);
}

}  // namespace interlock::storage
