#include "models/pretrained_source.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "common/error.h"
#include "common/path_advice.h"
#include "storage/checkpoint.h"
#include "storage/shard.h"

namespace interlock::models {
namespace {

namespace fs = std::filesystem;

PretrainedSource read_checkpoint(const std::string& folder) {
  PretrainedSource source;
  source.path = storage::checkpoint_in(folder);
  if (source.path.empty()) {
    throw DataError(fmt::format(
        "{}: no checkpoint here; model.init takes a safetensors file, a run's folder or a checkpoint's",
        folder));
  }
  source.is_checkpoint = true;
  for (const storage::ShardInfo& info : storage::read_manifest(source.path).shards) {
    storage::ShardReader shard(source.path, info);
    for (const storage::TensorEntry& entry : shard.entries()) {
      if (entry.name.rfind("optimizer.", 0) != 0)
        source.file.tensors.emplace_back(entry.name, shard.read(entry));
    }
    source.head_places[std::atoi(shard.metadata("stage").c_str())] =
        std::atoi(shard.metadata("last_layer").c_str());
    source.file.metadata.insert(shard.metadata().begin(), shard.metadata().end());
  }
  return source;
}

}  // namespace

PretrainedSource read_pretrained(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return read_checkpoint(path);
  PretrainedSource source;
  source.path = path;
  if (!fs::exists(path, ignored))
    throw DataError(fmt::format("model.init: {}: no such file or folder{}", path, advice_on_missing(path)));
  source.file = storage::read_safetensors(path);
  return source;
}

}  // namespace interlock::models
