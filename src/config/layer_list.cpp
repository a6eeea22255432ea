#include "config/layer_list.h"

#include <utility>

#include <fmt/format.h>

#include "common/text.h"
#include "config/readers.h"

namespace interlock::config {
namespace {

constexpr const char* kOneLayer = "one layer such as relu or linear: {in: 8, out: 16}";

LayerArgument read_argument(const YamlEntry& entry, const std::string& layer_key) {
  const YamlNode& node = entry.value;
  const std::string key = layer_key + "." + shorten(entry.key);
  if (node.kind != YamlNode::Kind::kScalar) fail_type(node, key, "one number, true, false or text");
  LayerArgument argument{entry.key, read_text(node, key), node.where};
  if (node.quoted) return argument;
  if (const auto flag = parse_bool(node.scalar)) {
    argument.value = *flag;
  } else if (const auto whole = parse_int(node.scalar)) {
    argument.value = *whole;
  } else if (const auto number = parse_double(node.scalar)) {
    argument.value = *number;
  }
  return argument;
}

LayerSpec read_layer_with_arguments(const YamlNode& node, const std::string& key) {
  if (node.entries.size() != 1) {
    std::vector<std::string> names;
    for (const YamlEntry& entry : node.entries) names.push_back(shorten(entry.key));
    fail(node.where, key,
         fmt::format("wants {}, got a map of {} keys ({}); arguments stand in braces or further to the right",
                     kOneLayer, names.size(), shorten(join(names, ", "))));
  }
  const YamlEntry& layer = node.entries[0];
  const std::string layer_key = key + "." + shorten(layer.key);
  std::vector<LayerArgument> arguments;
  if (layer.value.kind == YamlNode::Kind::kMap) {
    for (const YamlEntry& entry : layer.value.entries) arguments.push_back(read_argument(entry, layer_key));
  } else if (layer.value.kind != YamlNode::Kind::kNull) {
    fail_type(layer.value, layer_key, "arguments by name such as {in: 8, out: 16}");
  }
  return {layer.key, std::move(arguments), layer.where};
}

LayerSpec read_layer(const YamlNode& node, const std::string& key) {
  if (node.kind == YamlNode::Kind::kMap) return read_layer_with_arguments(node, key);
  if (node.kind != YamlNode::Kind::kScalar || node.scalar.empty()) fail_type(node, key, kOneLayer);
  return {read_text(node, key), {}, node.where};
}

// As read_layers(), but may be empty: the head of a stage whose loss nobody uses.
std::vector<LayerSpec> read_head(const YamlNode& node, const std::string& key) {
  std::vector<LayerSpec> layers;
  for (const YamlNode& item :
       read_list(node, key, "a list of layers such as [linear: {in: 8, out: 16}, relu]")) {
    layers.push_back(read_layer(item, item_key(key, layers.size())));
  }
  return layers;
}

}  // namespace

std::vector<LayerSpec> read_layers(const YamlNode& node, const std::string& key) {
  std::vector<LayerSpec> layers = read_head(node, key);
  if (layers.empty()) fail(node.where, key, "is empty; it needs one layer or more");
  return layers;
}

std::vector<std::vector<LayerSpec>> read_heads(const YamlNode& node, const std::string& key) {
  std::vector<std::vector<LayerSpec>> heads;
  for (const YamlNode& item :
       read_list(node, key, "a list with one layer list for each stage but the last")) {
    const std::string head_key = item_key(key, heads.size());
    if (item.kind == YamlNode::Kind::kList) {
      heads.push_back(read_head(item, head_key));
    } else {
      heads.push_back({read_layer(item, head_key)});
    }
  }
  return heads;
}

}  // namespace interlock::config
