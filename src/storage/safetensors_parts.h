#pragma once
// What safetensors files and checkpoint shards are read and written with.

#include <string>

#include "storage/input_file.h"
#include "storage/safetensors.h"
#include "storage/safetensors_header.h"

namespace interlock::storage {

// Where each tensor will be, in the order given. `path` is for messages.
SafetensorsHeader header_of(const TensorFile& file, const std::string& path);

// The bytes of a tensor as a file has them: on the host, in the order of its dimensions.
at::Tensor plain_copy(const at::Tensor& tensor);

// Writes the header's text and the tensors, atomic and synced. Errors: IoError.
void write_tensors(const std::string& path, const std::string& header, const TensorFile& file);

// Reads from where the file stands. Errors: DataError, also for a BOOL that is none.
at::Tensor read_tensor(InputFile& file, const TensorEntry& entry);

}  // namespace interlock::storage
