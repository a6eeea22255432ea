#pragma once
// The safetensors file format: 8-byte little-endian header length, JSON header, raw tensors.
// The reader trusts nothing: header size capped, no duplicate names, offsets without holes or overlap that
// end at the file's end, shape x type equal to the byte count. No pickle, no code.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace interlock::storage {

// Tensors by name in file order, plus string metadata.
struct TensorFile {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  std::map<std::string, std::string> metadata;

  [[nodiscard]] const at::Tensor* find(const std::string& name) const;  // null where absent
};

// Reads a whole file into memory (CPU tensors that own their bytes).
// Errors: DataError "<path>: byte <offset>: <problem>".
TensorFile read_safetensors(const std::string& path);

// Writes float32, float64, float16, bfloat16, int64, int32, uint8 and bool tensors, contiguous, CPU copies
// made where needed. Atomic (temporary file, fsync, rename). Errors: IoError.
void write_safetensors(const std::string& path, const TensorFile& file);

}  // namespace interlock::storage
