#pragma once
// The JSON header of a safetensors file as plain structs: parsed and checked without touching a tensor (no
// torch).

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "storage/element_type.h"

namespace interlock::storage {

class InputFile;

inline constexpr std::uint64_t kLengthBytes = 8;                // the header's length stands before it
inline constexpr std::uint64_t kMostHeaderBytes = 100'000'000;  // what the format allows

struct TensorEntry {
  std::string name;
  ElementType type = ElementType::kFloat32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // bytes [begin, end) of the data that follow the header
  std::uint64_t end = 0;
  std::uint64_t where = 0;  // byte in the file at which the entry stands, for messages
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;  // in the order of their data
  std::map<std::string, std::string> metadata;
};

// Reads the header's text from the start of the file; the data are what follows. Errors: DataError.
std::string read_safetensors_header(InputFile& file);

// `text` is the header alone, `data_bytes` what follows it in the file. The entries returned tile the data:
// no hole, no overlap, nothing left over, each as long as its shape and type say. Errors: DataError "<path>:
// byte <offset in the file>: <problem>".
SafetensorsHeader parse_safetensors_header(const std::string& path, const std::string& text,
                                           std::uint64_t data_bytes);

// The header's text, padded with spaces so that the data after it start at a multiple of 8 bytes.
std::string format_safetensors_header(const SafetensorsHeader& header);

}  // namespace interlock::storage
