#pragma once
// All shards of a checkpoint, open: which tensors there are, and which head follows which layer.

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "storage/safetensors.h"
#include "storage/shard.h"

namespace interlock::training {

// What a shard's metadata say of its stage. The same keys are written by take_snapshot().
inline const std::string kStageKey = "stage";
inline const std::string kLastLayerKey = "last_layer";  // of the stage: what its head follows
inline const std::string kOptimizerPrefix = "optimizer.";

// "heads.1.": how the tensors of a stage's head begin.
std::string head_prefix(const std::string& stage);

class CheckpointShards {
 public:
  // Opens all shards and verifies their headers. Errors: DataError.
  explicit CheckpointShards(const std::string& directory);

  // The number of the stage whose head follows `last_layer`; "" where no shard has tensors of such a head.
  [[nodiscard]] std::string head_after(const std::string& last_layer) const;
  // All heads that have tensors: stage by the layer it follows.
  [[nodiscard]] const std::map<std::string, std::string>& heads() const { return heads_; }
  [[nodiscard]] const std::string& vocabulary() const { return vocabulary_; }

  // Reads and verifies the tensors that `new_name` gives a name, under it; those with "" stay unread. Errors:
  // DataError, also where two get the same name.
  [[nodiscard]] storage::TensorFile read(const std::function<std::string(const std::string&)>& new_name);

 private:
  std::deque<storage::ShardReader> shards_;  // files do not move
  std::map<std::string, std::string> heads_;
  std::string vocabulary_;
};

}  // namespace interlock::training
