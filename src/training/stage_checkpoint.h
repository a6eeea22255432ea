#pragma once
// One stage's part of a checkpoint: tensors by layer names, so that any cut can read what any cut wrote.
// Writing has two halves: take_snapshot() on the thread that trains, write_snapshot() on any other, while
// training goes on. Heads belong to the layer they follow, not to a stage's number.

#include <string>
#include <vector>

#include "storage/checkpoint.h"
#include "storage/safetensors.h"
#include "training/stage_optimizer.h"

namespace interlock::training {

// `vocabulary` is the data's (DatasetInfo::vocabulary): a checkpoint of text is of use with its own tokens
// only. `scaler`, where given, is the stage's: its state is part of the optimizer's.

// What a stage's shard will hold: copies in the host's memory, that no training step touches.
struct StageSnapshot {
  int stage = -1;
  storage::TensorFile file;
};

// Copies weights, buffers and optimizer state. `into` may hold an earlier snapshot of the same stage that
// nobody reads any more: its memory is used again. Waits for an accelerator to finish what it was given.
void take_snapshot(const models::Stage& stage, const StageOptimizer& optimizer, const std::string& vocabulary,
                   const LossScaler* scaler, StageSnapshot& into);

// Writes the snapshot's shard into `directory` (made if missing), atomic and synced. Any one thread.
// Errors: IoError.
storage::ShardInfo write_snapshot(const std::string& directory, const StageSnapshot& snapshot);

// Both halves at once.
storage::ShardInfo write_stage_checkpoint(const std::string& directory, const models::Stage& stage,
                                          const StageOptimizer& optimizer, const std::string& vocabulary = "",
                                          const LossScaler* scaler = nullptr);

// Reads this stage's tensors from whichever shards hold them, those and no others; verifies what it reads.
// Nothing of the stage is touched before all of it is read and verified. A head of the checkpoint that
// follows the same layer as the stage's own is taken, with its optimizer state, whatever number it had; where
// there is none, the head keeps its start, with a warning. Errors: DataError, also where the vocabulary is
// another one.
void load_stage_checkpoint(const std::string& directory, const models::Stage& stage,
                           StageOptimizer& optimizer, const std::string& vocabulary = "",
                           LossScaler* scaler = nullptr);

// The heads of the checkpoint that no stage of `blueprint` takes, as "heads.1 (after layer 4)", for one
// warning a run: this cut has no head there. Errors: DataError.
std::vector<std::string> heads_dropped(const std::string& directory, const models::Blueprint& blueprint);

// Every tensor of a checkpoint that is not optimizer state, sorted by layer: what `export` writes. Verified.
storage::TensorFile read_checkpoint_weights(const std::string& directory);

}  // namespace interlock::training
