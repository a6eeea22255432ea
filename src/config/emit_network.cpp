// What is trained, back to YAML: the sections model, partition and learning.

#include "config/names.h"
#include "config/yaml_writer.h"

namespace interlock::config {
namespace {

std::string layer_in_list(const LayerSpec& spec) {
  return spec.arguments.empty() ? spec.text() : "{" + spec.text() + "}";
}

}  // namespace

void write_model(Writer& out, const ModelConfig& model) {
  out.section("model");
  out.raw("kind", name_of(model_kinds(), model.kind));
  if (model.kind == ModelKind::kSequential) {
    out.list("layers");
    for (const LayerSpec& spec : model.layers) out.item(spec.text());
  }
  if (model.kind == ModelKind::kConvnet) {
    out.raw("channels", ints(model.channels));
    out.flag("batch_norm", model.batch_norm);
  }
  if (model.kind == ModelKind::kResnet) {
    out.raw("block", name_of(resnet_blocks(), model.block));
    out.text("super_blocks", model.super_blocks);
    out.raw("stem", name_of(resnet_stems(), model.stem));
  }
  if (model.kind == ModelKind::kTransformerLm) {
    out.whole("blocks", model.blocks);
    out.whole("width", model.width);
    out.whole("attention_heads", model.attention_heads);
    out.whole("hidden", model.hidden);
    out.raw("positions", name_of(position_kinds(), model.positions));
    out.flag("tied", model.tied);
    out.number("dropout", model.dropout);
  }
  out.text("init", model.init);
  if (model.new_classifier) out.flag("new_classifier", true);
  if (!model.freeze.empty()) out.text("freeze", model.freeze);
}

void write_partition(Writer& out, const PartitionConfig& partition) {
  out.section("partition");
  out.whole("stages", partition.stages);
  const std::vector<int>& replicas = partition.replicas;
  out.raw("replicas", replicas.size() == 1
                          ? fmt::format("{}", replicas.front())
                          : list_of(replicas, [](int count) { return fmt::format("{}", count); }));
  out.flag("sync_batch_norm", partition.sync_batch_norm);
  if (partition.layers.empty()) {
    out.raw("balance", name_of(balance_kinds(), partition.balance_by_cost));
    return;
  }
  out.raw("layers", list_of(partition.layers, [](int count) {
            return count == kRestOfLayers ? std::string("rest") : fmt::format("{}", count);
          }));
}

void write_learning(Writer& out, const LearningConfig& learning) {
  out.section("learning");
  out.raw("horizon", learning.horizon == kHorizonAll ? "all" : fmt::format("{}", learning.horizon));
  out.raw("mix", learning.mix == MixKind::kWeights ? doubles(learning.mix_weights)
                                                   : name_of(mix_kinds(), learning.mix));
  if (learning.heads.empty()) {
    out.text("head", learning.head);
  } else {
    out.list("heads");
    for (const auto& head : learning.heads) out.item(list_of(head, layer_in_list));
  }
  out.flag("train_all_heads", learning.train_all_heads);
}

}  // namespace interlock::config
