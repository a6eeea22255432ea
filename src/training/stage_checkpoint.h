#pragma once
// One stage's part of a checkpoint: tensors by layer names, so that any cut can read what any cut wrote.

#include <string>

#include "storage/checkpoint.h"
#include "storage/safetensors.h"
#include "training/stage_optimizer.h"

namespace interlock::training {

// `vocabulary` is the data's (DatasetInfo::vocabulary): a checkpoint of text is of use with its own tokens
// only. `scaler`, where given, is the stage's: its state is part of the optimizer's.

// Writes stage-<k>.safetensors with weights, buffers and optimizer state into `directory` (made if missing).
// Errors: IoError.
storage::ShardInfo write_stage_checkpoint(const std::string& directory, const models::Stage& stage,
                                          const StageOptimizer& optimizer, const std::string& vocabulary = "",
                                          const LossScaler* scaler = nullptr);

// Reads this stage's tensors from whichever shards hold them. Verifies the manifest and all checksums first.
// Errors: DataError, also where the vocabulary is another one. A head that the checkpoint does not have, or
// has after another layer, keeps its start, with a warning.
void load_stage_checkpoint(const std::string& directory, const models::Stage& stage,
                           StageOptimizer& optimizer, const std::string& vocabulary = "",
                           LossScaler* scaler = nullptr);

// Every tensor of a checkpoint that is not optimizer state, sorted by layer: what `export` writes.
storage::TensorFile read_checkpoint_weights(const std::string& directory);

}  // namespace interlock::training
