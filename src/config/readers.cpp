#include "config/readers.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/text.h"

namespace interlock::config {
namespace {

bool is_plain(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kScalar && !node.quoted;
}

}  // namespace

void fail_type(const YamlNode& node, const std::string& key, const std::string& wanted) {
  fail(node.where, key, fmt::format("wants {}, got {}", wanted, node.describe()));
}

bool read_bool(const YamlNode& node, const std::string& key) {
  const auto value = is_plain(node) ? parse_bool(node.scalar) : std::nullopt;
  if (!value) fail_type(node, key, "true or false");
  return *value;
}

std::int64_t read_int(const YamlNode& node, const std::string& key, std::int64_t minimum,
                      std::int64_t maximum) {
  const auto value = is_plain(node) ? parse_int(node.scalar) : std::nullopt;
  if (!value || *value < minimum || *value > maximum) fail_type(node, key, describe_range(minimum, maximum));
  return *value;
}

std::uint64_t read_unsigned(const YamlNode& node, const std::string& key) {
  const auto value = is_plain(node) ? parse_unsigned(node.scalar) : std::nullopt;
  if (!value) {
    fail_type(node, key,
              fmt::format("a whole number from 0 to {}", std::numeric_limits<std::uint64_t>::max()));
  }
  return *value;
}

double read_double(const YamlNode& node, const std::string& key, const Interval& range) {
  const auto value = is_plain(node) ? parse_double(node.scalar) : std::nullopt;
  if (!value || !range.contains(*value)) fail_type(node, key, range.text());
  return *value;
}

std::string read_text(const YamlNode& node, const std::string& key) {
  if (node.kind != YamlNode::Kind::kScalar) fail_type(node, key, "text");
  // No path or name needs one, and a zero byte would cut a path short without a word.
  if (has_control_character(node.scalar)) fail_type(node, key, "text on one line without control characters");
  return node.scalar;
}

std::size_t read_choice(const YamlNode& node, const std::string& key, const std::vector<std::string>& names) {
  if (node.kind != YamlNode::Kind::kScalar) fail_type(node, key, "one of " + join(names, ", "));
  const auto found = std::find(names.begin(), names.end(), node.scalar);
  if (found == names.end()) {
    fail(node.where, key,
         fmt::format("unknown value '{}'{}", shorten(node.scalar), suggest(node.scalar, names)));
  }
  return static_cast<std::size_t>(found - names.begin());
}

const std::vector<YamlNode>& read_list(const YamlNode& node, const std::string& key,
                                       const std::string& wanted) {
  if (node.kind != YamlNode::Kind::kList) fail_type(node, key, wanted);
  return node.items;
}

std::vector<std::int64_t> read_ints(const YamlNode& node, const std::string& key, std::int64_t minimum,
                                    std::int64_t maximum) {
  std::vector<std::int64_t> result;
  for (const YamlNode& item : read_list(node, key, "a list of whole numbers such as [1, 2]")) {
    result.push_back(read_int(item, item_key(key, result.size()), minimum, maximum));
  }
  return result;
}

std::vector<double> read_doubles(const YamlNode& node, const std::string& key, const Interval& range) {
  std::vector<double> result;
  for (const YamlNode& item : read_list(node, key, "a list of numbers such as [0.5, 0.5]")) {
    result.push_back(read_double(item, item_key(key, result.size()), range));
  }
  return result;
}

std::string item_key(const std::string& key, std::size_t index) {
  return fmt::format("{}[{}]", key, index);
}

}  // namespace interlock::config
