#include "models/pretrained_source.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "common/error.h"
#include "storage/checkpoint.h"

namespace interlock::models {
namespace {

namespace fs = std::filesystem;

std::string checkpoint_in(const std::string& folder) {
  std::error_code ignored;
  if (fs::exists(fs::path(folder) / "manifest.json", ignored)) return folder;
  const std::string found = storage::latest_checkpoint(folder);
  if (found.empty()) {
    throw DataError(fmt::format(
        "{}: no checkpoint here; model.init takes a safetensors file, a run's folder or a checkpoint's",
        folder));
  }
  return found;
}

PretrainedSource read_checkpoint(const std::string& folder) {
  PretrainedSource source;
  source.path = checkpoint_in(folder);
  source.is_checkpoint = true;
  for (const storage::ShardInfo& shard : storage::read_manifest(source.path).shards) {
    storage::TensorFile file = storage::read_safetensors(source.path + "/" + shard.file);
    for (auto& entry : file.tensors) {
      if (entry.first.rfind("optimizer.", 0) != 0) source.file.tensors.push_back(std::move(entry));
    }
    source.head_places[std::atoi(file.metadata["stage"].c_str())] =
        std::atoi(file.metadata["last_layer"].c_str());
    source.file.metadata.merge(file.metadata);
  }
  return source;
}

}  // namespace

PretrainedSource read_pretrained(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return read_checkpoint(path);
  PretrainedSource source;
  source.path = path;
  source.file = storage::read_safetensors(path);
  return source;
}

}  // namespace interlock::models
