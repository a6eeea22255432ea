#include "training/stage_checkpoint.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"
#include "common/log.h"
#include "models/weights.h"
#include "storage/safetensors.h"

namespace interlock::training {
namespace {

const std::string kOptimizerPrefix = "optimizer.";

// Where a head sits: the number of the layer it follows. Heads are named by stage, so on another cut the same
// name may mean another place.
std::string last_layer(const models::Stage& stage) {
  const models::StageBlueprint& blueprint = stage.blueprint();
  return std::to_string(blueprint.first_layer + static_cast<int>(blueprint.main.size()) - 1);
}

std::string head_prefix(const std::string& stage) {
  return "heads." + stage + ".";
}

// All tensors of a checkpoint; the metadata maps each head's prefix to the layer it follows.
storage::TensorFile read_all_shards(const std::string& directory) {
  storage::TensorFile all;
  for (const storage::ShardInfo& shard : storage::read_manifest(directory).shards) {
    storage::TensorFile file = storage::read_safetensors(directory + "/" + shard.file);
    for (auto& entry : file.tensors) all.tensors.push_back(std::move(entry));
    all.metadata[head_prefix(file.metadata["stage"])] = file.metadata["last_layer"];
    all.metadata[models::kVocabulary] = file.metadata[models::kVocabulary];
  }
  return all;
}

// A head that followed another layer when the checkpoint was written is no use here: forgets it.
void drop_misplaced_head(storage::TensorFile& all, const models::Stage& stage) {
  const std::string prefix = head_prefix(std::to_string(stage.number()));
  if (!stage.has_head() || all.metadata[prefix] == last_layer(stage)) return;
  const auto misplaced = [&](const auto& entry) {
    return entry.first.rfind(prefix, 0) == 0 || entry.first.rfind(kOptimizerPrefix + prefix, 0) == 0;
  };
  all.tensors.erase(std::remove_if(all.tensors.begin(), all.tensors.end(), misplaced), all.tensors.end());
}

}  // namespace

storage::ShardInfo write_stage_checkpoint(const std::string& directory, const models::Stage& stage,
                                          const StageOptimizer& optimizer, const std::string& vocabulary,
                                          const LossScaler* scaler) {
  make_directories(directory);
  storage::TensorFile file;
  file.tensors = stage.state();
  for (auto& entry : optimizer.state()) file.tensors.push_back(entry);
  if (scaler != nullptr) {
    for (auto& entry : scaler->state()) file.tensors.push_back(entry);
  }
  for (auto& [name, tensor] : file.tensors) tensor = tensor.detach().cpu();
  file.metadata = {
      {"format", "pt"}, {"stage", std::to_string(stage.number())}, {"last_layer", last_layer(stage)}};
  if (!vocabulary.empty()) file.metadata[models::kVocabulary] = vocabulary;
  const std::string name = storage::shard_name(stage.number());
  storage::write_safetensors(directory + "/" + name, file);
  return storage::describe_shard(directory, name);
}

void load_stage_checkpoint(const std::string& directory, const models::Stage& stage,
                           StageOptimizer& optimizer, const std::string& vocabulary, LossScaler* scaler) {
  storage::TensorFile all = read_all_shards(directory);
  models::require_same_vocabulary(all.metadata, vocabulary, directory);
  drop_misplaced_head(all, stage);
  bool head_is_new = false;
  for (const auto& [name, tensor] : stage.state()) {
    const at::Tensor* found = all.find(name);
    if (found != nullptr) {
      models::copy_tensor(tensor, *found, name, directory);
    } else if (name.rfind("heads.", 0) == 0) {
      head_is_new = true;
    } else {
      throw DataError(fmt::format("{}: tensor '{}' is missing; was the checkpoint written by another model?",
                                  directory, name));
    }
  }
  if (head_is_new) {
    log_warning(fmt::format("{} has no head for stage {} (after layer {}): it starts from random weights",
                            directory, stage.number(), last_layer(stage)));
  }
  optimizer.load_state(all, directory);
  if (scaler != nullptr) scaler->load_state(all, directory);
}

storage::TensorFile read_checkpoint_weights(const std::string& directory) {
  storage::TensorFile weights;
  storage::TensorFile all = read_all_shards(directory);
  for (auto& entry : all.tensors) {
    if (entry.first.rfind(kOptimizerPrefix, 0) != 0) weights.tensors.push_back(std::move(entry));
  }
  weights.metadata = {{"format", "pt"}};
  if (!all.metadata[models::kVocabulary].empty())
    weights.metadata[models::kVocabulary] = all.metadata[models::kVocabulary];
  return weights;
}

}  // namespace interlock::training
