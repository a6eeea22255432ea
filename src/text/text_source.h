#pragma once
// Which files a text is made of: a plain file, a folder of *.txt files, numbered shards
// (NAME-00000-of-00010), or the One Billion Word benchmark as its archive unpacks.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace interlock::text {

struct TextSource {
  std::vector<std::string> files;  // in order; at least one
  std::uint64_t bytes = 0;         // of all of them
  std::string fingerprint;         // of names, sizes and times of change
};

// A file; or a folder, where numbered shards must be complete. In the One Billion Word layout (`path` is its
// folder, the one above or the training part) the training shards, from 00001 on: number 00000 became the
// held-out ones. Errors: DataError naming what is missing.
TextSource find_text(const std::string& path);

// What belongs to `path` for evaluation: the usual test file of the One Billion Word layout, held-out shard
// 00000; nullopt where there is no such layout. Errors: DataError where that shard is missing.
std::optional<TextSource> find_heldout_text(const std::string& path);

}  // namespace interlock::text
