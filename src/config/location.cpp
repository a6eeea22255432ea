#include "config/location.h"

#include <fmt/format.h>

#include "common/text.h"
#include "config/scalar.h"

namespace interlock::config {

std::string Location::text() const {
  if (source.empty()) return "default";
  return line > 0 ? fmt::format("{}:{}:{}", source, line, column) : source;
}

void fail(const Location& where, const std::string& key, const std::string& problem) {
  if (key.empty()) throw UsageError(fmt::format("{}: {}", where.text(), problem));
  throw UsageError(fmt::format("{}: {}: {}", where.text(), key, problem));
}

std::string suggest(const std::string& name, const std::vector<std::string>& valid) {
  if (valid.empty()) return "";
  constexpr std::size_t kLongestName = 64;  // the edit distance of anything longer is a waste of time
  const std::string nearest = name.size() <= kLongestName ? nearest_name(name, valid) : "";
  if (!nearest.empty()) return fmt::format("; did you mean '{}'?", nearest);
  return fmt::format("; valid are: {}", join(valid, ", "));
}

}  // namespace interlock::config
