#include "config/overrides.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/scalar.h"
#include "config/yaml_builder.h"
#include "config/yaml_parser.h"

namespace interlock::config {
namespace {

const Location kPlace{kCommandLine, 0, 0};

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream stream(path + ".");
  for (std::string part; std::getline(stream, part, '.');) parts.push_back(part);
  return parts;
}

bool is_map(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kMap;
}
bool is_empty(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kNull || node.kind == YamlNode::Kind::kUnset;
}

void become_map(YamlNode& node) {
  if (!is_empty(node)) return;
  node.kind = YamlNode::Kind::kMap;
  if (node.where.source.empty()) node.where = kPlace;
}

YamlEntry& entry_of(YamlNode& map, const std::string& key) {
  if (YamlEntry* entry = map.find(key)) return *entry;
  map.entries.push_back({key, kPlace, {}});
  return map.entries.back();
}

}  // namespace

void apply_override(YamlNode& root, const std::string& text) {
  constexpr std::size_t kMaxParts = 8;  // keys have three; more would only nest our own tree
  const std::size_t equals = text.find('=');
  const std::string path = text.substr(0, equals);
  const std::vector<std::string> parts = split_path(path);
  const bool has_empty_part = std::find(parts.begin(), parts.end(), "") != parts.end();
  if (equals == std::string::npos || has_empty_part || parts.size() > kMaxParts) {
    std::error_code ignored;
    const bool is_path = std::filesystem::exists(text, ignored);
    fail(kPlace, shorten(text),
         fmt::format("not an override; those have the form key.path=value without spaces, such as "
                     "training.epochs=2{}",
                     is_path ? "; a path that belongs to an option is written --option=PATH" : ""));
  }
  YamlNode value = parse_yaml_override(text.substr(equals + 1), path);
  if (value.kind == YamlNode::Kind::kNull) value.kind = YamlNode::Kind::kUnset;
  value.where = kPlace;

  become_map(root);
  YamlNode* map = &root;
  std::string walked;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    walked += (i == 0 ? "" : ".") + parts[i];
    YamlNode& child = entry_of(*map, parts[i]).value;
    become_map(child);
    if (!is_map(child)) {
      fail(kPlace, path,
           fmt::format("cannot be set because {} is {} ({}), not a map; give the whole of it as {}={{...}}",
                       walked, child.describe(), child.where.text(), walked));
    }
    map = &child;
  }
  YamlEntry& entry = entry_of(*map, parts.back());
  entry.where = kPlace;
  entry.value = std::move(value);
}

}  // namespace interlock::config
