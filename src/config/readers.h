#pragma once
// One YAML value to one C++ value. `key` is the full name for messages. All throw UsageError that says where,
// what is wanted and what stands there.

#include <cstdint>
#include <string>
#include <vector>

#include "config/scalar.h"
#include "config/yaml_node.h"

namespace interlock::config {

// The common message: "<where>: <key>: wants <wanted>, got <what stands there>".
[[noreturn]] void fail_type(const YamlNode& node, const std::string& key, const std::string& wanted);

bool read_bool(const YamlNode& node, const std::string& key);
std::int64_t read_int(const YamlNode& node, const std::string& key, std::int64_t minimum,
                      std::int64_t maximum);
std::uint64_t read_unsigned(const YamlNode& node, const std::string& key);
double read_double(const YamlNode& node, const std::string& key, const Interval& range);
std::string read_text(const YamlNode& node, const std::string& key);  // may be empty
std::size_t read_choice(const YamlNode& node, const std::string& key, const std::vector<std::string>& names);

const std::vector<YamlNode>& read_list(const YamlNode& node, const std::string& key,
                                       const std::string& wanted);
std::vector<std::int64_t> read_ints(const YamlNode& node, const std::string& key, std::int64_t minimum,
                                    std::int64_t maximum);
std::vector<double> read_doubles(const YamlNode& node, const std::string& key, const Interval& range);

std::string item_key(const std::string& key, std::size_t index);  // "model.layers[2]"

}  // namespace interlock::config
