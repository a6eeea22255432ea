#pragma once
// The layout of a run's checkpoints and their manifest. Torch-free.
//
//   <run>/checkpoints/step-00000042/stage-0.safetensors ... and manifest.json, committed last: a folder
//   without a manifest is an unfinished checkpoint and is never loaded.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace interlock::storage {

struct ShardInfo {
  std::string file;  // name within the checkpoint's folder
  std::int64_t bytes = 0;
  std::array<std::uint64_t, 2> checksum{};  // XXH3-128 of the file, high and low half
};

struct Manifest {
  std::int64_t step = 0;    // optimizer steps done
  std::int64_t epochs = 0;  // epochs done
  std::vector<ShardInfo> shards;
};

std::string checkpoints_directory(const std::string& run_directory);
std::string checkpoint_directory(const std::string& run_directory, std::int64_t step);
std::string shard_name(int stage);

// Size and checksum of a written file. Errors: DataError if it cannot be read.
ShardInfo describe_shard(const std::string& directory, const std::string& file);

// Atomic; call after every shard is written and synced. Errors: IoError.
void write_manifest(const std::string& directory, const Manifest& manifest);

// Reads and checks the manifest and that every shard has the size and checksum it says.
// Errors: DataError naming file, expected and found.
Manifest read_manifest(const std::string& directory);

// The newest committed checkpoint of a run, "" if there is none.
std::string latest_checkpoint(const std::string& run_directory);

// Removes committed checkpoints but the newest `keep` (0: keep all). A folder that cannot be removed is left
// alone.
void remove_old_checkpoints(const std::string& run_directory, int keep);

}  // namespace interlock::storage
