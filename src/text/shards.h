#pragma once
// Sets of files numbered NAME-00000-of-00010.

#include <optional>
#include <string>
#include <vector>

namespace interlock::text {

struct ShardName {
  std::string prefix;  // "news.en"
  std::string suffix;  // what follows the numbers: "" or ".txt"
  int number = 0;
  int total = 0;

  [[nodiscard]] std::string text() const;
};

// Nullopt where `name` is not numbered so.
std::optional<ShardName> parse_shard_name(const std::string& name);

// Paths of shards `first` .. total-1 in `folder`, which `names` lists: all must be there, and of one set.
// Errors: DataError with the names that are missing.
std::vector<std::string> complete_shards(const std::string& folder, const std::vector<ShardName>& names,
                                         int first);

}  // namespace interlock::text
