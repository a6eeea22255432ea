#include "sweep/setting.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/text.h"
#include "config/scalar.h"

namespace interlock::sweep {
namespace {

using config::YamlNode;
using nlohmann::ordered_json;

constexpr std::size_t kLongestName = 96;   // bytes; file systems allow 255, terminals are narrower
constexpr std::size_t kLongestValue = 40;  // of one value in a name

bool is_number_or_switch(const YamlNode& node) {
  return !node.quoted && (config::parse_bool(node.scalar) || config::parse_double(node.scalar));
}

ordered_json to_json(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kList: {
      ordered_json list = ordered_json::array();
      for (const YamlNode& item : node.items) list.push_back(to_json(item));
      return list;
    }
    case YamlNode::Kind::kMap: {
      ordered_json map = ordered_json::object();
      for (const config::YamlEntry& entry : node.entries) map[entry.key] = to_json(entry.value);
      return map;
    }
    case YamlNode::Kind::kScalar:
      if (!node.quoted) {
        if (const auto value = config::parse_bool(node.scalar)) return *value;
        if (const auto value = config::parse_int(node.scalar)) return *value;
        if (const auto value = config::parse_double(node.scalar)) return *value;
      }
      return node.scalar;
    case YamlNode::Kind::kNull:
    case YamlNode::Kind::kUnset:
      break;
  }
  return nullptr;
}

// The last `parts` parts of a key.
std::string tail(const std::string& key, int parts) {
  std::size_t from = key.size();
  for (; parts > 0 && from != std::string::npos && from != 0; --parts) from = key.rfind('.', from - 1);
  return from == std::string::npos || from == 0 ? key : key.substr(from + 1);
}

// Characters that need care in a shell or a path become one '-', and none at either end.
std::string plain(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const bool kept =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string("._+-").find(c) != std::string::npos;
    if (kept) {
      result += c;
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
  }
  while (!result.empty() && result.back() == '-') result.pop_back();
  return result;
}

}  // namespace

std::string Setting::override_text() const {
  return key + "=" + flow_text(value);
}

std::string flow_text(const YamlNode& node) {
  std::vector<std::string> parts;
  switch (node.kind) {
    case YamlNode::Kind::kList:
      for (const YamlNode& item : node.items) parts.push_back(flow_text(item));
      return "[" + join(parts, ", ") + "]";
    case YamlNode::Kind::kMap:
      for (const config::YamlEntry& entry : node.entries) {
        parts.push_back(config::format_text(entry.key) + ": " + flow_text(entry.value));
      }
      return "{" + join(parts, ", ") + "}";
    case YamlNode::Kind::kScalar:
      return is_number_or_switch(node) ? node.scalar : config::format_text(node.scalar);
    case YamlNode::Kind::kNull:
    case YamlNode::Kind::kUnset:
      break;
  }
  return "";
}

std::string json_text(const YamlNode& node) {
  return to_json(node).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string shown_value(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kNull || node.kind == YamlNode::Kind::kUnset) return "default";
  return node.kind == YamlNode::Kind::kScalar ? config::shorten(node.scalar) : flow_text(node);
}

std::vector<std::string> short_keys(const std::vector<std::string>& keys) {
  std::vector<std::string> names;
  for (const std::string& key : keys) {
    int parts = 1;
    const auto ambiguous = [&](const std::string& other) {
      return other != key && tail(other, parts) == tail(key, parts);
    };
    while (tail(key, parts) != key && std::any_of(keys.begin(), keys.end(), ambiguous)) ++parts;
    names.push_back(tail(key, parts));
  }
  return names;
}

std::string readable_name(const std::vector<Setting>& settings, const std::vector<std::string>& names) {
  std::string result;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    std::string value = plain(shown_value(settings[i].value));
    if (value.size() > kLongestValue) value.resize(kLongestValue);
    result += (i == 0 ? "" : ",") + names[i] + "=" + value;
  }
  if (result.size() > kLongestName) result.resize(kLongestName);
  return result;
}

}  // namespace interlock::sweep
