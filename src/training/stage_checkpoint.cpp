#include "training/stage_checkpoint.h"

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"
#include "common/log.h"
#include "models/weights.h"
#include "storage/safetensors.h"

namespace interlock::training {
namespace {

constexpr const char* kOptimizerPrefix = "optimizer.";

storage::TensorFile read_all_shards(const std::string& directory) {
  storage::TensorFile all;
  for (const storage::ShardInfo& shard : storage::read_manifest(directory).shards) {
    storage::TensorFile file = storage::read_safetensors(directory + "/" + shard.file);
    for (auto& entry : file.tensors) all.tensors.push_back(std::move(entry));
  }
  return all;
}

}  // namespace

storage::ShardInfo write_stage_checkpoint(const std::string& directory, const models::Stage& stage,
                                          const StageOptimizer& optimizer) {
  make_directories(directory);
  storage::TensorFile file;
  file.tensors = stage.state();
  for (auto& entry : optimizer.state()) file.tensors.push_back(entry);
  for (auto& [name, tensor] : file.tensors) tensor = tensor.detach();
  file.metadata = {{"format", "pt"}, {"stage", std::to_string(stage.number())}};
  const std::string name = storage::shard_name(stage.number());
  storage::write_safetensors(directory + "/" + name, file);
  return storage::describe_shard(directory, name);
}

void load_stage_checkpoint(const std::string& directory, const models::Stage& stage,
                           StageOptimizer& optimizer) {
  const storage::TensorFile all = read_all_shards(directory);
  for (const auto& [name, tensor] : stage.state()) {
    const at::Tensor* found = all.find(name);
    if (found != nullptr) {
      models::copy_tensor(tensor, *found, name, directory);
    } else if (name.rfind("heads.", 0) == 0) {
      log_warning(fmt::format("{} has no '{}': it starts from random weights", directory, name));
    } else {
      throw DataError(fmt::format("{}: tensor '{}' is missing; was the checkpoint written by another model?",
                                  directory, name));
    }
  }
  optimizer.load_state(all, directory);
}

storage::TensorFile read_checkpoint_weights(const std::string& directory) {
  storage::TensorFile weights;
  for (auto& entry : read_all_shards(directory).tensors) {
    if (entry.first.rfind(kOptimizerPrefix, 0) != 0) weights.tensors.push_back(std::move(entry));
  }
  weights.metadata = {{"format", "pt"}};
  return weights;
}

}  // namespace interlock::training
