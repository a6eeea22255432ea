#pragma once
// One config key with the value that a sweep gives it, and how that value is written: as an override, in a
// name, in JSON.

#include <string>
#include <vector>

#include "config/yaml_node.h"

namespace interlock::sweep {

struct Setting {
  std::string key;  // full: "optimizer.lr"
  config::YamlNode value;
  config::Location where;  // of the value in the grid file

  [[nodiscard]] std::string override_text() const;  // "optimizer.lr=0.1", for config::load_config()
};

// `node` as YAML in flow style that reads back to the same node; "" for no value.
std::string flow_text(const config::YamlNode& node);

// The same as a JSON document: true, 0.1, "cosine", [2, 2, "rest"].
std::string json_text(const config::YamlNode& node);

// What people call each of `keys`: its last part, or as many parts as tell it from the others.
std::vector<std::string> short_keys(const std::vector<std::string>& keys);

// A folder's name for these settings: "lr=0.1,horizon=2". Of a value letters, digits and . _ + - stay; at
// most 96 characters. `names` are the short keys of the settings. Not unique by itself.
std::string readable_name(const std::vector<Setting>& settings, const std::vector<std::string>& names);

// The value as people read it in a table or a name: text without quotes, "[2, 2, rest]", "default" for no
// value.
std::string shown_value(const config::YamlNode& node);

}  // namespace interlock::sweep
