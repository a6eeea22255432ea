#include "storage/unfinished.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "common/atomic_file.h"
#include "common/error.h"
#include "common/fault_point.h"
#include "common/files.h"
#include "common/log.h"
#include "storage/step_folders.h"

namespace interlock::storage {
namespace {

namespace fs = std::filesystem;

bool is_shard(const std::string& name) {
  const std::string ending = ".safetensors";
  return name.rfind("stage-", 0) == 0 && name.size() > ending.size() &&
         name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

// Removes the files directly in `folder` whose names `unwanted` says yes to.
template <typename Unwanted>
int remove_files(const fs::path& folder, const Unwanted& unwanted) {
  int removed = 0;
  std::error_code reason;
  for (const auto& entry : fs::directory_iterator(folder, reason)) {
    if (entry.symlink_status(reason).type() != fs::file_type::regular) continue;
    if (!unwanted(entry.path().filename().string())) continue;
    fault_point("file_remove");
    if (fs::remove(entry.path(), reason)) ++removed;
  }
  return removed;
}

// Takes away what saves put there, then the folder if nothing else is in it. Without its manifest first: a
// process that is killed in the middle must not leave a folder that looks whole.
int remove_checkpoint(const fs::path& folder) {
  std::error_code reason;
  fault_point("file_remove");
  if (fs::remove(folder / "manifest.json", reason)) sync_folder(folder.string());
  const int removed = remove_files(
      folder, [](const std::string& name) { return is_shard(name) || is_unfinished_file(name); });
  fault_point("file_remove");
  return removed + (fs::remove(folder, reason) ? 1 : 0);
}

std::string best_or_none(const std::string& run_directory) {
  try {
    return best_checkpoint(run_directory);
  } catch (const DataError& problem) {
    log_warning(fmt::format("no checkpoint is protected as the best one: {}", problem.what()));
    return "";
  }
}

}  // namespace

std::timed_mutex& commit_mutex() {
  static auto* const one = new std::timed_mutex;  // never destroyed: threads may outlive main()
  return *one;
}

int remove_unlisted_shards(const std::string& directory, const Manifest& manifest) {
  return remove_files(directory, [&](const std::string& name) {
    const bool listed = std::any_of(manifest.shards.begin(), manifest.shards.end(),
                                    [&](const ShardInfo& shard) { return shard.file == name; });
    return !listed && (is_shard(name) || is_unfinished_file(name));
  });
}

void remove_old_checkpoints(const std::string& run_directory, int keep) {
  if (keep <= 0) return;
  std::vector<StepFolder> committed = step_folders(run_directory);
  committed.erase(std::remove_if(committed.begin(), committed.end(),
                                 [](const StepFolder& folder) { return !folder.committed; }),
                  committed.end());
  const std::string best = best_or_none(run_directory);
  while (committed.size() > static_cast<std::size_t>(keep)) {
    if (committed.front().path.string() != best) remove_checkpoint(committed.front().path);
    committed.erase(committed.begin());
  }
}

std::vector<std::string> set_aside_later_checkpoints(const std::string& run_directory, std::int64_t step) {
  std::vector<std::string> moved;
  for (const StepFolder& folder : step_folders(run_directory)) {
    if (folder.step <= step || !folder.committed) continue;
    moved.push_back(set_aside_directory(folder.path.string(), ".aside-"));
  }
  bool forget = false;
  try {
    const std::optional<Best> best = read_best(run_directory);
    forget = best && best->step > step;
  } catch (const DataError& problem) {
    log_warning(fmt::format("forgetting which checkpoint was the best: {}", problem.what()));
    forget = true;
  }
  std::error_code reason;
  if (forget) fs::remove(checkpoints_directory(run_directory) + "/best.json", reason);
  if (!moved.empty() || forget) sync_folder(checkpoints_directory(run_directory));
  return moved;
}

int remove_unfinished(const std::string& run_directory) {
  const std::unique_lock lock(commit_mutex(), std::chrono::seconds(1));
  if (!lock.owns_lock()) return 0;  // its owner hangs in the file system, where we would hang as well
  int removed = remove_files(run_directory, is_unfinished_file) +
                remove_files(checkpoints_directory(run_directory), is_unfinished_file);
  for (const StepFolder& folder : step_folders(run_directory)) {
    if (!folder.committed) {
      removed += remove_checkpoint(folder.path);
      continue;
    }
    try {
      removed += remove_unlisted_shards(folder.path.string(), read_manifest(folder.path.string()));
    } catch (const DataError&) {
      // Damaged: whoever looks into it decides what to do with it.
    }
  }
  return removed;
}

}  // namespace interlock::storage
