#pragma once
// What model.init points at, read: a safetensors file, a checkpoint's folder or a run's.

#include <map>
#include <string>

#include "storage/safetensors.h"

namespace interlock::models {

struct PretrainedSource {
  std::string path;          // the file, or the checkpoint that was found
  storage::TensorFile file;  // of a checkpoint: all shards together, without optimizer state
  // Of a checkpoint: the layer that each stage's head followed. On another cut a head of that number sits
  // elsewhere.
  std::map<int, int> head_places;
  bool is_checkpoint = false;
};

// A run's folder gives its newest checkpoint. Errors: DataError where there is none, or for a file that
// cannot be read or is damaged.
PretrainedSource read_pretrained(const std::string& path);

}  // namespace interlock::models
