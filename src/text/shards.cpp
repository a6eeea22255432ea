#include "text/shards.h"

#include <algorithm>
#include <regex>
#include <set>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"

namespace interlock::text {

std::string ShardName::text() const {
  return fmt::format("{}-{:05}-of-{:05}{}", prefix, number, total, suffix);
}

std::optional<ShardName> parse_shard_name(const std::string& name) {
  static const std::regex pattern(R"((.+)-(\d{5})-of-(\d{5})(\.txt)?)");
  std::smatch parts;
  if (!std::regex_match(name, parts, pattern)) return std::nullopt;
  return ShardName{parts[1], parts[4], std::stoi(parts[2]), std::stoi(parts[3])};
}

std::vector<std::string> complete_shards(const std::string& folder, const std::vector<ShardName>& names,
                                         int first) {
  INTERLOCK_CHECK(!names.empty(), folder);
  const ShardName& set = names.front();
  std::set<int> found;
  for (const ShardName& name : names) {
    if (name.prefix != set.prefix || name.suffix != set.suffix || name.total != set.total) {
      throw DataError(
          fmt::format("{}: shards of more than one set: {} and {}; keep one set a folder, or name one file",
                      folder, set.text(), name.text()));
    }
    found.insert(name.number);
  }
  std::vector<std::string> paths;
  std::vector<std::string> missing;
  ShardName shard = set;
  for (shard.number = first; shard.number < set.total; ++shard.number) {
    (found.count(shard.number) != 0 ? paths : missing).push_back(shard.text());
  }
  if (missing.empty() && !paths.empty()) {
    for (std::string& path : paths) path = folder + "/" + path;
    return paths;
  }
  const std::size_t count = missing.size();
  constexpr std::size_t kMostNamed = 5;
  if (count > kMostNamed) missing.resize(kMostNamed);
  throw DataError(fmt::format("{}: {} of {} shards missing: {}{}; is the download complete?", folder, count,
                              set.total - first, join(missing, ", "), count > kMostNamed ? ", ..." : ""));
}

}  // namespace interlock::text
