#pragma once
// A tensor's bytes piece by piece, whatever its size: for who looks at tensors and keeps none. No torch.

#include <cstddef>
#include <cstdint>
#include <functional>

#include "storage/input_file.h"
#include "storage/safetensors_header.h"
#include "storage/shard_header.h"

namespace interlock::storage {

// Every piece but the last is a whole number of elements of any type.
using UsePiece = std::function<void(const char* bytes, std::size_t count)>;

// `data_start`: where the data begin in the file. Errors: DataError where the file ends before the tensor.
void read_pieces(InputFile& file, std::uint64_t data_start, const TensorEntry& entry, const UsePiece& use);

// The same of a shard, checking the tensor's checksum, which is known to be wrong or right only after the
// last piece. Errors: DataError naming file, tensor, byte, both checksums.
void read_checked_pieces(InputFile& file, const ShardHeader& header, const TensorEntry& entry,
                         const UsePiece& use);

}  // namespace interlock::storage
