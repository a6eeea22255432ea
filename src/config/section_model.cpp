#include <sstream>

#include <fmt/format.h>

#include "config/layer_list.h"
#include "config/sections.h"

namespace interlock::config {
namespace {

constexpr std::int64_t kMaxChannels = 65536;
constexpr std::int64_t kMaxBlocks = 1000;

bool is_super_block(const std::string& text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) return false;
  const auto channels = parse_int(text.substr(0, comma));
  const auto blocks = parse_int(text.substr(comma + 1));
  return channels && blocks && *channels >= 1 && *channels <= kMaxChannels && *blocks >= 1 &&
         *blocks <= kMaxBlocks;
}

void check_super_blocks(const Section& section, const std::string& text) {
  std::istringstream stream(text + "/");
  bool good = !text.empty();
  for (std::string part; std::getline(stream, part, '/');) good = good && is_super_block(part);
  if (good) return;
  fail(section.where("super_blocks"), section.full("super_blocks"),
       "wants channels,blocks/channels,blocks/... such as 16,3/32,3/64,3, got '" + shorten(text) + "'");
}

void read_transformer(const Section& section, ModelConfig& model) {
  section.only_for("model.kind: transformer_lm", model.kind == ModelKind::kTransformerLm,
                   {"blocks", "width", "attention_heads", "hidden", "positions", "tied", "dropout"});
  section.read("blocks", model.blocks, 1, kMaxBlocks);
  section.read("width", model.width, 1, kMaxChannels);
  section.read("attention_heads", model.attention_heads, 1, kMaxChannels);
  if (model.width % model.attention_heads != 0) {
    fail(section.where(section.has("attention_heads") ? "attention_heads" : "width"),
         section.full("attention_heads"),
         fmt::format("is {}, which does not divide model.width, {}", model.attention_heads, model.width));
  }
  section.read("hidden", model.hidden, 0, 16 * kMaxChannels);
  section.read("positions", model.positions, position_kinds());
  if (model.positions == PositionKind::kRotary && (model.width / model.attention_heads) % 2 != 0) {
    fail(section.where("positions"), section.full("positions"),
         fmt::format("rotary turns pairs of features, but model.width / model.attention_heads is {}, odd",
                     model.width / model.attention_heads));
  }
  section.read("tied", model.tied);
  section.read("dropout", model.dropout, kZeroToBelowOne);
}

}  // namespace

ModelConfig read_model(const Section& section) {
  ModelConfig model;
  if (section.has("layers")) model.kind = ModelKind::kSequential;
  section.read("kind", model.kind, model_kinds());
  section.only_for("model.kind: sequential", model.kind == ModelKind::kSequential, {"layers"});
  section.only_for("model.kind: convnet", model.kind == ModelKind::kConvnet, {"channels", "batch_norm"});
  section.only_for("model.kind: resnet", model.kind == ModelKind::kResnet, {"block", "super_blocks", "stem"});

  read_transformer(section, model);

  if (const YamlNode* layers = section.find("layers"))
    model.layers = read_layers(*layers, section.full("layers"));
  if (model.kind == ModelKind::kSequential && model.layers.empty()) {
    fail(section.where("kind"), section.full("layers"),
         "missing; model.kind: sequential needs a list of layers");
  }
  if (const YamlNode* channels = section.find("channels")) {
    model.channels = read_ints(*channels, section.full("channels"), 1, kMaxChannels);
    if (model.channels.empty())
      fail(channels->where, section.full("channels"), "is empty; it needs one entry or more");
  }
  section.read("batch_norm", model.batch_norm);
  section.read("block", model.block, resnet_blocks());
  section.read("super_blocks", model.super_blocks);
  check_super_blocks(section, model.super_blocks);
  section.read("stem", model.stem, resnet_stems());
  section.read("init", model.init);
  section.read("new_classifier", model.new_classifier);
  if (model.new_classifier && model.init.empty()) {
    fail(section.where("new_classifier"), section.full("new_classifier"),
         "needs model.init: without it every layer is new");
  }
  section.read("freeze", model.freeze);
  return model;
}

}  // namespace interlock::config
