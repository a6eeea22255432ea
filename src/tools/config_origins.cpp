#include "tools/config_origins.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "config/difference.h"

namespace interlock::tools {
namespace {

using Origins = std::map<std::string, std::string>;

// "section.key" of a key at any depth.
std::string top_key(const std::string& key) {
  return key.substr(0, key.find('.', key.find('.') + 1));
}

std::string place_of(const config::Location& where) {
  return where.line > 0 ? fmt::format("{}:{}", where.source, where.line) : where.source;
}

// Of the keys that were given; a map's parts may come from several places.
Origins given(const config::Config& config) {
  std::map<std::string, std::vector<std::string>> places;
  for (const auto& [key, where] : config.origins) {
    if (key.find('.') == std::string::npos) continue;
    std::vector<std::string>& list = places[top_key(key)];
    const std::string place = place_of(where);
    if (std::find(list.begin(), list.end(), place) == list.end()) list.push_back(place);
  }
  Origins origins;
  for (const auto& [key, list] : places) origins[key] = join(list, ", ");
  return origins;
}

struct Without {
  config::Config config;
  std::size_t removed = 0;  // keys that had to go
};

// The config as it would be if `key` were not given, nor what has no meaning without it. Nothing where there
// is no such config.
std::optional<Without> without(const std::string& key, const config::Config& full, const std::string& text,
                               const std::string& source, std::vector<std::string> overrides) {
  constexpr std::size_t kMostRemoved = 12;
  std::vector<std::string> removed = {key};
  overrides.push_back(key + "=");
  while (removed.size() <= kMostRemoved) {
    try {
      return Without{config::parse_config(text, source, overrides), removed.size()};
    } catch (const UsageError& refusal) {
      // "<place>: <key>: <problem>": that key goes, too.
      const std::string message = refusal.what();
      std::string refused;
      for (const auto& [name, where] : full.origins) {
        if (message.find(fmt::format(": {}: ", name)) != std::string::npos) refused = name;
      }
      if (refused.empty() || std::find(removed.begin(), removed.end(), refused) != removed.end())
        return std::nullopt;
      removed.push_back(refused);
      overrides.push_back(refused + "=");
    }
  }
  return std::nullopt;
}

}  // namespace

Origins origins_of(const config::Config& config, const std::string& text, const std::string& source,
                   const std::vector<std::string>& overrides) {
  Origins origins = given(config);
  if (text.empty()) return origins;
  std::map<std::string, std::size_t> removed_for;  // how sure we are: fewest keys taken away
  const auto note = [&](const config::Config& other, const std::string& cause, std::size_t removed) {
    for (const config::Difference& difference : config::differences(config, other)) {
      const std::string& key = difference.key;
      const bool is_default = config.origins.count(key) == 0 && !difference.left.empty();
      if (!is_default || difference.right.empty()) continue;
      const auto before = removed_for.find(key);
      if (before != removed_for.end() && before->second <= removed) continue;
      if (before == removed_for.end() && origins.count(key) > 0) continue;  // given in part
      removed_for[key] = removed;
      origins[key] = "default, from " + cause;
    }
  };
  try {
    note(config::parse_config(text, "another-name.yaml", overrides), "the file's name", 0);
  } catch (const UsageError&) {
    return origins;  // it was replaced meanwhile
  }
  for (const auto& [key, where] : config.origins) {
    if (key.find('.') == std::string::npos) continue;
    if (const auto other = without(key, config, text, source, overrides))
      note(other->config, key, other->removed);
  }
  return origins;
}

std::string annotated_yaml(const config::Config& config, const Origins& origins) {
  constexpr std::size_t kWidest = 60;  // a line longer than that has its comment right after it
  std::vector<std::pair<std::string, std::string>> lines;  // and their comments
  std::istringstream stream(config::to_yaml(config));
  std::string section;
  std::size_t width = 0;
  for (std::string line; std::getline(stream, line);) {
    const std::size_t depth = line.find_first_not_of(' ');
    const std::size_t colon = line.find(':');
    std::string comment;
    if (depth == 0) section = line.substr(0, colon);
    if (depth == 2) {
      const auto origin = origins.find(section + "." + line.substr(depth, colon - depth));
      comment = origin != origins.end() ? origin->second : "default";
      if (line.size() <= kWidest) width = std::max(width, line.size());
    }
    lines.emplace_back(line, comment);
  }
  std::string text;
  for (const auto& [line, comment] : lines)
    text += comment.empty() ? line + "\n" : fmt::format("{:<{}}  # {}\n", line, width, comment);
  return text;
}

}  // namespace interlock::tools
