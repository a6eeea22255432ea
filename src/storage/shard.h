#pragma once
// A checkpoint's shard: a safetensors file whose metadata hold the checksum of each tensor
// ("xxh3_64:<name>"). Its own checksum, which the manifest holds and the file's name begins with, is the
// XXH3-128 of its header, length included: so one tensor can be read and trusted without reading the others.

#include <map>
#include <string>

#include "storage/checkpoint.h"
#include "storage/input_file.h"
#include "storage/safetensors.h"
#include "storage/shard_header.h"

namespace interlock::storage {

// Writes stage `stage`'s shard into `directory` (made if missing): atomic and synced. Nothing is read back.
// Errors: IoError.
ShardInfo write_shard(const std::string& directory, int stage, const TensorFile& file);

// Owns the open file. Not for several threads at once.
class ShardReader {
 public:
  // Opens the shard and checks its header. Errors: DataError naming the file and "header" or the byte.
  ShardReader(const std::string& directory, const ShardInfo& info);

  [[nodiscard]] const std::string& path() const { return file_.path(); }
  [[nodiscard]] const std::vector<TensorEntry>& entries() const { return header_.safetensors.tensors; }
  // Without the checksums. "" where absent.
  [[nodiscard]] std::string metadata(const std::string& key) const;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const {
    return header_.safetensors.metadata;
  }

  // Reads one tensor of entries() and checks its bytes as they come. Errors: DataError naming file, tensor,
  // byte, checksum expected and found.
  [[nodiscard]] at::Tensor read(const TensorEntry& entry);

 private:
  InputFile file_;
  ShardHeader header_;
};

}  // namespace interlock::storage
