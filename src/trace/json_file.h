#pragma once
// What the files of a trace have in common: a version, and one way to say that one is damaged.

#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/files.h"

namespace interlock::trace {

inline constexpr int kVersion = 1;

// As a JSON string; bytes that are no UTF-8 are replaced.
inline std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// What `parse` makes of the document. Errors: DataError with the file's name.
template <class Content, class Parse>
Content read_json(const std::string& path, const Parse& parse) {
  std::string text;
  std::string reason;
  if (!read_file(path, text, reason)) throw DataError(fmt::format("{}: {}", path, reason));
  try {
    const nlohmann::json document = nlohmann::json::parse(text);
    const int version = document.at("version");
    if (version != kVersion) {
      throw DataError(
          fmt::format("{}: version {} of the file, this program reads version {}", path, version, kVersion));
    }
    return parse(document);
  } catch (const nlohmann::json::exception& problem) {
    throw DataError(fmt::format("{}: no file of a trace, or a damaged one: {}", path, problem.what()));
  }
}

}  // namespace interlock::trace
