#pragma once
// Where in the user's input a value stands, so that any later message can point at it.

#include <string>
#include <vector>

#include "common/error.h"

namespace interlock::config {

struct Location {
  std::string source;  // the file's path, or "command line", or "" for a default
  int line = 0;        // from 1; 0 where there is none (command line, default)
  int column = 0;      // from 1

  // "configs/a.yaml:3:5", "command line", or "default"
  [[nodiscard]] std::string text() const;
};

// UsageError (exit 2) "<where>: <key>: <problem>". All messages about config go through here.
[[noreturn]] void fail(const Location& where, const std::string& key, const std::string& problem);

// The "nearest valid name" half of a message: "; did you mean 'x'?" or "; valid are: a, b, c".
std::string suggest(const std::string& name, const std::vector<std::string>& valid);

}  // namespace interlock::config
