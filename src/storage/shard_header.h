#pragma once
// The header of a checkpoint's shard, read and verified without touching a tensor (no torch).

#include <cstdint>
#include <map>
#include <string>

#include "storage/checkpoint.h"
#include "storage/input_file.h"
#include "storage/safetensors_header.h"

namespace interlock::storage {

struct ShardHeader {
  SafetensorsHeader safetensors;                   // its metadata without the checksums
  std::map<std::string, std::uint64_t> checksums;  // XXH3-64 of each tensor's bytes
  std::uint64_t data_start = 0;                    // byte in the file
};

// Under what name the metadata hold a tensor's checksum, and how it is written.
std::string checksum_key(const std::string& tensor);
std::string checksum_digits(std::uint64_t checksum);

// What the manifest holds of a shard: the checksum of the header's length and text.
Checksum header_checksum(const std::string& text);

// Reads from the start of the file. Errors: DataError where size or header are not what `info` says, or a
// tensor has no checksum.
ShardHeader read_shard_header(InputFile& file, const ShardInfo& info);

// Errors: DataError naming file, tensor, byte and both checksums where they differ.
void check_tensor(const InputFile& file, const ShardHeader& header, const TensorEntry& entry,
                  std::uint64_t found);

}  // namespace interlock::storage
