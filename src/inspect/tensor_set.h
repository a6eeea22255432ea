#pragma once
// The tensors of a checkpoint or of a safetensors file, listed from the headers and read one piece at a time.
// What is damaged is noted where it is, so that the rest can still be looked at.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/checkpoint.h"
#include "storage/shard_header.h"
#include "storage/tensor_pieces.h"

namespace interlock::inspect {

// A file: a stage's shard of a checkpoint, or the one file there is.
struct TensorFile {
  std::string path;
  std::uint64_t bytes = 0;
  int stage = -1;  // -1: no shard
  int first_layer = -1;
  int last_layer = -1;                              // -1: it does not say
  std::vector<storage::TensorEntry> tensors;        // in the file's order
  std::map<std::string, std::string> metadata;      // without checksums
  std::string problem;                              // why it cannot be listed; "" for nothing
  std::shared_ptr<storage::InputFile> file;         // null where it cannot be listed
  std::optional<storage::ShardHeader> header = {};  // of a shard: its tensors' checksums
  std::uint64_t data_start = 0;

  // Errors: DataError naming file and tensor, where it is cut short or (a shard) its checksum is another.
  void read(const storage::TensorEntry& tensor, const storage::UsePiece& use) const;
};

std::int64_t elements_of(const storage::TensorEntry& entry);

struct TensorSet {
  std::string path;                           // of the checkpoint or file
  std::optional<storage::Manifest> manifest;  // of a checkpoint
  std::vector<TensorFile> files;              // by stage
};

// `path`: a checkpoint's folder or a safetensors file. Errors: DataError where the manifest or the one file
// cannot be read; a shard that cannot is noted in the set.
TensorSet open_tensors(const std::string& path);

// What a tensor is, by its name (training/stage_checkpoint.h).
struct TensorRole {
  bool optimizer = false;  // state of the optimizer
  bool buffer = false;     // what batch norm keeps
  int head = -1;           // of the stage with this head
  int layer = -1;          // within the network, or within the head; -1: the name does not say
  std::string slot;        // optimizer: "momentum", ...
  // What it is listed under: "layers.3", "heads.1", "optimizer.momentum", or the name's first part.
  std::string group;
  [[nodiscard]] bool is_parameter() const { return !optimizer && !buffer; }
};
TensorRole role_of(const std::string& name);

}  // namespace interlock::inspect
