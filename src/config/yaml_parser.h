#pragma once
// YAML text to a YamlNode tree. Input is never trusted: nesting, number of values and bytes of text (aliases
// counted as often as they are used) have limits that stop a bomb before it is built.

#include <string>

#include "config/yaml_node.h"

namespace interlock::config {

inline constexpr int kMaxYamlDepth = 32;
inline constexpr int kMaxYamlNodes = 20000;
inline constexpr std::size_t kMaxYamlBytes = std::size_t{1} << 20;

// A whole file; an empty one is a null node.
// Errors: UsageError with the place, for syntax errors, duplicate keys, keys that are no text, tags, more
// than one document, and whatever is over a limit.
YamlNode parse_yaml_file(const std::string& text, const std::string& source);

// The value of an override for `key`; every place in it is "command line".
YamlNode parse_yaml_override(const std::string& text, const std::string& key);

}  // namespace interlock::config
