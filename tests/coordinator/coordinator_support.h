#pragma once
// Shared by the tests of this folder: metrics.jsonl as JSON.

#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::coordinator {

// One document a line; fails the test where a line does not parse or the last one is not ended.
inline std::vector<nlohmann::json> read_lines(const std::string& path) {
  const std::string content = test::content_of(path);
  if (!content.empty()) CHECK(content.back() == '\n');
  std::vector<nlohmann::json> lines;
  std::istringstream stream(content);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

inline std::vector<std::string> keys(const nlohmann::json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;  // sorted
}

}  // namespace interlock::coordinator
