#include "storage/checkpoint.h"

#include <filesystem>

#include <fmt/format.h>

#include "common/error.h"
#include "common/log.h"
#include "storage/step_folders.h"

namespace interlock::storage {

namespace fs = std::filesystem;

std::string checkpoints_directory(const std::string& run_directory) {
  return run_directory + "/checkpoints";
}

std::string checkpoint_directory(const std::string& run_directory, std::int64_t step) {
  return fmt::format("{}/step-{:08}", checkpoints_directory(run_directory), step);
}

std::string hex(const Checksum& checksum) {
  return fmt::format("{:016x}{:016x}", checksum[0], checksum[1]);
}

std::string shard_name(int stage, const Checksum& checksum) {
  return fmt::format("stage-{}-{:016x}.safetensors", stage, checksum[0]);
}

std::string latest_checkpoint(const std::string& run_directory) {
  std::string latest;
  for (const StepFolder& folder : step_folders(run_directory)) {
    if (folder.committed) latest = folder.path.string();
  }
  return latest;
}

std::string latest_sound_checkpoint(const std::string& run_directory) {
  const std::vector<StepFolder> folders = step_folders(run_directory);
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    if (!folder->committed) continue;
    const std::string directory = folder->path.string();
    try {
      check_shards(directory, read_manifest(directory));
      return directory;
    } catch (const DataError& problem) {
      log_warning(fmt::format("passing over a checkpoint: {}", problem.what()));
    }
  }
  return "";
}

std::string checkpoint_in(const std::string& folder) {
  std::error_code ignored;
  if (fs::exists(fs::path(folder) / "manifest.json", ignored)) return folder;
  return latest_checkpoint(folder);
}

}  // namespace interlock::storage
