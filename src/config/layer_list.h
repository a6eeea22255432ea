#pragma once
// The user's way to write layers: `relu`, or `linear: {in: 8, out: 16}`, in a list.

#include <string>
#include <vector>

#include "config/layer_spec.h"
#include "config/yaml_node.h"

namespace interlock::config {

// A list of at least one layer; `key` is its full name, such as "model.layers".
std::vector<LayerSpec> read_layers(const YamlNode& node, const std::string& key);

// One layer list a head. An entry that is a single layer stands for the list of that one.
std::vector<std::vector<LayerSpec>> read_heads(const YamlNode& node, const std::string& key);

}  // namespace interlock::config
