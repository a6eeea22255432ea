#include "config/yaml_node.h"

#include <algorithm>

#include "config/scalar.h"

namespace interlock::config {

const YamlEntry* YamlNode::find(const std::string& key) const {
  const auto entry =
      std::find_if(entries.begin(), entries.end(), [&](const YamlEntry& e) { return e.key == key; });
  return entry == entries.end() ? nullptr : &*entry;
}

YamlEntry* YamlNode::find(const std::string& key) {
  return const_cast<YamlEntry*>(static_cast<const YamlNode*>(this)->find(key));
}

std::string YamlNode::describe() const {
  switch (kind) {
    case Kind::kScalar:
      return (quoted ? "text '" : "'") + shorten(scalar) + "'";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kUnset:
    case Kind::kNull:
      break;
  }
  return "no value";
}

}  // namespace interlock::config
