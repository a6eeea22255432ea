#include "training/stage_checkpoint.h"

#include <algorithm>
#include <set>

#include <ATen/ops/empty_like.h>
#include <fmt/format.h>

#include "common/error.h"
#include "common/log.h"
#include "common/text.h"
#include "models/weights.h"
#include "storage/shard.h"
#include "training/checkpoint_shards.h"

namespace interlock::training {
namespace {

const std::string kScalePrefix = kOptimizerPrefix + "loss_scale.";

std::string last_layer(const models::StageBlueprint& stage) {
  return std::to_string(stage.first_layer + static_cast<int>(stage.main.size()) - 1);
}

bool may_reuse(const std::pair<std::string, at::Tensor>& old, const std::string& name,
               const at::Tensor& source) {
  return old.first == name && old.second.scalar_type() == source.scalar_type() &&
         old.second.sizes() == source.sizes() && old.second.strides() == source.strides();
}

// In the layout of the source: copying is then one pass, and the writer brings it in order.
at::Tensor room_for(const at::Tensor& source) {
  return at::empty_like(source, source.options().device(at::kCPU).pinned_memory(source.is_cuda()),
                        at::MemoryFormat::Preserve);
}

// A tensor of the checkpoint under the name it has on this stage; "" for one of another stage.
class Wanted {
 public:
  Wanted(const models::Stage& stage, const std::string& head_there) {
    for (const auto& [name, tensor] : stage.state()) own_.insert(name);
    ours_ = head_prefix(std::to_string(stage.number()));
    if (!head_there.empty()) theirs_ = head_prefix(head_there);
  }

  std::string operator()(const std::string& name) const {
    if (starts_with(name, kScalePrefix)) return name;
    const bool state = starts_with(name, kOptimizerPrefix);
    const std::string prefix = state ? kOptimizerPrefix : "";
    std::string inner = name.substr(prefix.size());
    if (starts_with(inner, "heads.")) {
      if (theirs_.empty() || !starts_with(inner, theirs_)) return "";
      inner = ours_ + inner.substr(theirs_.size());
    }
    const std::string owner = state ? inner.substr(0, inner.rfind('.')) : inner;
    return own_.count(owner) == 0 ? "" : prefix + inner;
  }

 private:
  std::set<std::string> own_;
  std::string ours_, theirs_;
};

void require_same_shape(const std::string& directory, const std::string& name, const at::Tensor& found,
                        const at::Tensor& expected) {
  if (found.sizes() == expected.sizes()) return;
  throw DataError(
      fmt::format("{}: was written by another network: tensor '{}' is {}, expected {}; keep the config of "
                  "that run (config.yaml in "
                  "its folder), or start afresh with --resume=none",
                  directory, name, format_shape(found.sizes().vec()), format_shape(expected.sizes().vec())));
}

}  // namespace

void take_snapshot(const models::Stage& stage, const StageOptimizer& optimizer, const std::string& vocabulary,
                   const LossScaler* scaler, StageSnapshot& into) {
  models::NamedTensors state = stage.state();
  for (auto& entry : optimizer.state()) state.push_back(std::move(entry));
  if (scaler != nullptr) {
    for (auto& entry : scaler->state()) state.push_back(std::move(entry));
  }
  models::NamedTensors& copies = into.file.tensors;
  copies.resize(state.size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    const at::Tensor source = state[i].second.detach();
    if (!copies[i].second.defined() || !may_reuse(copies[i], state[i].first, source))
      copies[i] = {state[i].first, room_for(source)};
    copies[i].second.copy_(source);
  }
  into.stage = stage.number();
  into.file.metadata = {{"format", "pt"},
                        {kStageKey, std::to_string(stage.number())},
                        {kLastLayerKey, last_layer(stage.blueprint())}};
  if (!vocabulary.empty()) into.file.metadata[models::kVocabulary] = vocabulary;
}

storage::ShardInfo write_snapshot(const std::string& directory, const StageSnapshot& snapshot) {
  INTERLOCK_CHECK(snapshot.stage >= 0, "a snapshot is taken before it is written");
  return storage::write_shard(directory, snapshot.stage, snapshot.file);
}

storage::ShardInfo write_stage_checkpoint(const std::string& directory, const models::Stage& stage,
                                          const StageOptimizer& optimizer, const std::string& vocabulary,
                                          const LossScaler* scaler) {
  StageSnapshot snapshot;
  take_snapshot(stage, optimizer, vocabulary, scaler, snapshot);
  return write_snapshot(directory, snapshot);
}

void load_stage_checkpoint(const std::string& directory, const models::Stage& stage,
                           StageOptimizer& optimizer, const std::string& vocabulary, LossScaler* scaler) {
  CheckpointShards shards(directory);
  models::require_same_vocabulary({{models::kVocabulary, shards.vocabulary()}}, vocabulary, directory);
  const std::string boundary = last_layer(stage.blueprint());
  const storage::TensorFile mine =
      shards.read(Wanted(stage, stage.has_head() ? shards.head_after(boundary) : ""));
  bool head_is_new = false;
  std::vector<const at::Tensor*> sources;
  for (const auto& [name, tensor] : stage.state()) {
    sources.push_back(mine.find(name));
    if (sources.back() != nullptr) continue;
    if (!starts_with(name, "heads.")) {
      throw DataError(
          fmt::format("{}: tensor '{}' is missing; was the checkpoint written by another model? Keep the "
                      "config of that run, or "
                      "start afresh with --resume=none",
                      directory, name));
    }
    head_is_new = true;
  }
  const models::NamedTensors state = stage.state();
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (sources[i] == nullptr) continue;
    require_same_shape(directory, state[i].first, *sources[i], state[i].second);
    models::copy_tensor(state[i].second, *sources[i], state[i].first, directory);
  }
  if (head_is_new) {
    log_warning(fmt::format("{} has no head for stage {} (after layer {}): it starts from random weights",
                            directory, stage.number(), boundary));
  }
  optimizer.load_state(mine, directory);
  if (scaler != nullptr) scaler->load_state(mine, directory);
}

std::vector<std::string> heads_dropped(const std::string& directory, const models::Blueprint& blueprint) {
  const CheckpointShards shards(directory);
  std::vector<std::string> dropped;
  for (const auto& [layer, stage] : shards.heads()) {
    const bool taken = std::any_of(
        blueprint.stages.begin(), blueprint.stages.end(),
        [&, &after = layer](const auto& own) { return !own.head.empty() && last_layer(own) == after; });
    if (!taken) dropped.push_back(fmt::format("heads.{} (after layer {})", stage, layer));
  }
  return dropped;
}

storage::TensorFile read_checkpoint_weights(const std::string& directory) {
  CheckpointShards shards(directory);
  storage::TensorFile weights = shards.read(
      [](const std::string& name) { return starts_with(name, kOptimizerPrefix) ? std::string() : name; });
  weights.metadata = {{"format", "pt"}};
  if (!shards.vocabulary().empty()) weights.metadata[models::kVocabulary] = shards.vocabulary();
  return weights;
}

}  // namespace interlock::training
