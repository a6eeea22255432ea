#pragma once
// Small checkpoints for tests: saved, and read back whole.

#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "storage/checkpoint.h"
#include "storage/shard.h"
#include "support/temp_folder.h"

namespace interlock::test {

using TensorsByName = std::map<std::string, at::Tensor>;

// What stage `stage` holds; other values for each `content`.
inline storage::TensorFile shard_content(int stage, int content) {
  const at::Tensor numbers = at::arange(40, at::TensorOptions(at::kFloat)) * (content + 1) + stage;
  const std::string layer = "layers." + std::to_string(stage) + ".";
  storage::TensorFile file;
  file.tensors = {
      {layer + "weight", numbers.reshape({8, 5})},
      {layer + "bias", numbers.slice(0, 0, 5).to(at::kDouble)},
      {layer + "mask", numbers.gt(7)},
      {layer + "none", numbers.slice(0, 0, 0)},
      {"optimizer." + layer + "weight.step", at::ones({}, at::TensorOptions(at::kLong)) * content}};
  file.metadata = {{"stage", std::to_string(stage)}, {"last_layer", std::to_string(stage)}};
  return file;
}

// Saves as a run does: shards, manifest, removal of old ones.
inline std::string save(const std::string& run, std::int64_t step, int stages, int content, int keep = 0) {
  const std::string directory = storage::checkpoint_directory(run, step);
  storage::Manifest manifest{step, 1};
  for (int stage = 0; stage < stages; ++stage)
    manifest.shards.push_back(storage::write_shard(directory, stage, shard_content(stage, content)));
  manifest.batch_size = 8;
  manifest.steps_per_epoch = 3;
  manifest.seed = 18446744073709551615U;
  manifest.recorder = R"({"note": "a \"checksum\": \"text\""})";
  storage::write_manifest(directory, manifest);
  storage::remove_old_checkpoints(run, keep);
  return directory;
}

inline TensorsByName read_all(const std::string& directory, const storage::Manifest& manifest) {
  TensorsByName all;
  for (const storage::ShardInfo& info : manifest.shards) {
    storage::ShardReader shard(directory, info);
    for (const storage::TensorEntry& entry : shard.entries()) all[entry.name] = shard.read(entry);
  }
  return all;
}

inline TensorsByName read_all(const std::string& directory) {
  return read_all(directory, storage::read_manifest(directory));
}

inline TensorsByName expected(int stages, int content) {
  TensorsByName all;
  for (int stage = 0; stage < stages; ++stage) {
    for (const auto& [name, tensor] : shard_content(stage, content).tensors) all[name] = tensor;
  }
  return all;
}

inline bool same(const TensorsByName& a, const TensorsByName& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a) {
    const auto other = b.find(name);
    if (other == b.end() || !tensor.equal(other->second)) return false;
  }
  return true;
}

// A sound checkpoint of two stages, whose content goes with the step.
inline std::string commit(const TempFolder& run, std::int64_t step) {
  return save(run.path(), step, 2, static_cast<int>(step % 100));
}

}  // namespace interlock::test
