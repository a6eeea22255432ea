#pragma once
// A run's checkpoints on disk: folders, names, manifests. Torch-free; shard.h has the tensors.
//
//   <run>/checkpoints/step-00000042/stage-0-99aa06d3014798d8.safetensors ...   one shard a stage
//   <run>/checkpoints/step-00000042/manifest.json                              written last
//   <run>/checkpoints/best.json                                                which one is the best
//
// A checkpoint is what its manifest lists, no more and no less: a folder without a manifest is an unfinished
// one and is never loaded. The same step may be saved again, with other stages even: a shard's name carries
// the checksum of what is in it, so shards of a new save lie beside those of the old one and never replace
// one by another content; renaming the manifest into place exchanges the one set for the other; what the new
// manifest does not list is removed afterwards. So a process that is killed at any moment leaves the old set
// or the new, and no rank needs to know whether a step had been saved before.
//
// Trust: a shard's checksum is that of its header, which holds the checksum of every tensor; a manifest holds
// those of its shards and its own. Nothing read here is believed before its checksum was compared.
// Threads: any, but one saves at a time for a run; remove_unfinished() waits for it.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace interlock::storage {

using Checksum = std::array<std::uint64_t, 2>;  // XXH3-128, high half first

struct ShardInfo {
  std::string file;  // name within the checkpoint's folder
  std::int64_t bytes = 0;
  Checksum checksum{};  // of the shard's header, its length included; see shard.h
};

struct Manifest {
  std::int64_t step = 0;    // optimizer steps done
  std::int64_t epochs = 0;  // epochs done
  std::vector<ShardInfo> shards{};
  std::int64_t batch_size = 0;
  std::int64_t steps_per_epoch = 0;
  std::uint64_t seed = 0;
  std::string recorder{};  // the coordinator's running sums, JSON in UTF-8; "" for none
};

std::string checkpoints_directory(const std::string& run_directory);
std::string checkpoint_directory(const std::string& run_directory, std::int64_t step);
std::string hex(const Checksum& checksum);  // 32 digits
// "stage-0-99aa06d3014798d8.safetensors": the number and the first half of the checksum.
std::string shard_name(int stage, const Checksum& checksum);

// Commits a checkpoint: call when every shard is written and synced. Replaces a manifest that is there
// already, then removes the folder's shards that the new one does not list. Errors: IoError, also where a
// shard is not there with the size it should have (another job at work in the same run).
void write_manifest(const std::string& directory, const Manifest& manifest);

// Reads and checks the manifest itself, and that each shard is there as a regular file of the size it says:
// quick, whatever the checkpoint's size. Whoever uses a shard's content checks it (shard.h), or check_shards.
// Errors: DataError naming the file, and the byte or field.
Manifest read_manifest(const std::string& directory);

// Reads all shards and compares every checksum. Errors: DataError naming file, tensor, byte, expected and
// found.
void check_shards(const std::string& directory, const Manifest& manifest);

// The newest committed checkpoint of a run, "" if there is none. Looks at nothing inside.
std::string latest_checkpoint(const std::string& run_directory);

// The newest whose manifest and shards are all undamaged, "" if there is none; warns of each one passed over.
std::string latest_sound_checkpoint(const std::string& run_directory);

// `folder` itself if it is a checkpoint's, else the newest of the run in `folder`, "" if there is none.
std::string checkpoint_in(const std::string& folder);

// The checkpoint that evaluated best. Its file is of one step and one number, atomic and checksummed.
struct Best {
  std::int64_t step = 0;
  double loss = 0;
};
void write_best(const std::string& run_directory, const Best& best);  // errors: IoError
std::optional<Best> read_best(const std::string& run_directory);      // errors: DataError where damaged
// Its folder, "" if none was noted or it is not there any more. Errors: DataError where best.json is damaged.
std::string best_checkpoint(const std::string& run_directory);

// Removes committed checkpoints but the newest `keep` (0: keep all) and the best. What cannot be removed is
// left alone. Call after a commit. Newest is by step: see set_aside_later_checkpoints.
void remove_old_checkpoints(const std::string& run_directory, int keep);

// Going on from `step` leaves later checkpoints (damaged, or not wanted) behind as a future that did not
// happen: left where they are, the next start would take them for the newest and remove_old_checkpoints would
// keep them in place of the run's own. Renames their folders to "<folder>.aside-1" (or -2, ...), where
// nothing here looks at them, and forgets the best if it is one of them. Returns the new names. Call once a
// resumed run has loaded its weights, before its first save. Errors: IoError.
std::vector<std::string> set_aside_later_checkpoints(const std::string& run_directory, std::int64_t step);

// Removes what earlier processes left unfinished: uncommitted step folders, shards that no manifest lists,
// temporary files (common/atomic_file.h) in the run's folder and in those of its checkpoints. Touches nothing
// else, no committed checkpoint and nothing a user put there. Call before a run's first save, or when the job
// ends badly: another process that saves meanwhile finds its files gone. Returns how many files and folders
// it removed.
int remove_unfinished(const std::string& run_directory);

}  // namespace interlock::storage
