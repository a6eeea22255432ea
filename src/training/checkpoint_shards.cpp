#include "training/checkpoint_shards.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "common/error.h"
#include "models/weights.h"

namespace interlock::training {

std::string head_prefix(const std::string& stage) {
  return "heads." + stage + ".";
}

CheckpointShards::CheckpointShards(const std::string& directory) {
  const storage::Manifest manifest = storage::read_manifest(directory);
  for (const storage::ShardInfo& info : manifest.shards) {
    const storage::ShardReader& shard = shards_.emplace_back(directory, info);
    const std::string stage = shard.metadata(kStageKey), last_layer = shard.metadata(kLastLayerKey);
    if (stage.empty() || last_layer.empty())
      throw DataError(fmt::format("{}: not a shard of a checkpoint: it does not say whose", shard.path()));
    const std::string prefix = head_prefix(stage);
    const bool has_head = std::any_of(shard.entries().begin(), shard.entries().end(),
                                      [&](const auto& entry) { return entry.name.rfind(prefix, 0) == 0; });
    if (has_head) heads_[last_layer] = stage;
    if (vocabulary_.empty()) vocabulary_ = shard.metadata(models::kVocabulary);
  }
}

std::string CheckpointShards::head_after(const std::string& last_layer) const {
  const auto found = heads_.find(last_layer);
  return found == heads_.end() ? "" : found->second;
}

storage::TensorFile CheckpointShards::read(const std::function<std::string(const std::string&)>& new_name) {
  storage::TensorFile file;
  std::set<std::string> names;
  for (storage::ShardReader& shard : shards_) {
    for (const storage::TensorEntry& entry : shard.entries()) {
      const std::string name = new_name(entry.name);
      if (name.empty()) continue;
      if (!names.insert(name).second) {
        throw DataError(fmt::format("{}: tensor '{}' is in another shard of the checkpoint as well",
                                    shard.path(), entry.name));
      }
      file.tensors.emplace_back(name, shard.read(entry));
    }
  }
  return file;
}

}  // namespace interlock::training
