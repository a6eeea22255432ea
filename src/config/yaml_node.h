#pragma once
// A parsed YAML document as a plain tree in which every value and every key knows its place. Owns all it
// holds.

#include <string>
#include <vector>

#include "config/location.h"

namespace interlock::config {

struct YamlEntry;

struct YamlNode {
  // kUnset: a key whose value an override has taken back ("data.path="); readers treat it as not given.
  enum class Kind { kUnset, kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  std::string scalar;   // kScalar
  bool quoted = false;  // kScalar: in quotes or a block, so it is text even where it looks like a number
  std::vector<YamlNode> items;     // kList
  std::vector<YamlEntry> entries;  // kMap, in the order written; keys are distinct
  Location where;

  [[nodiscard]] const YamlEntry* find(const std::string& key) const;
  [[nodiscard]] YamlEntry* find(const std::string& key);

  // What stands there, for messages: "'abc'", "text '8'", "a list", "a map", "no value".
  [[nodiscard]] std::string describe() const;
};

struct YamlEntry {
  std::string key;
  Location where;  // of the key
  YamlNode value;
};

}  // namespace interlock::config
