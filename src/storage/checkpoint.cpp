#include "storage/checkpoint.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <xxhash.h>

#include "common/error.h"
#include "common/files.h"

namespace interlock::storage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kFormatVersion = 1;

std::string hex(const std::array<std::uint64_t, 2>& checksum) {
  return fmt::format("{:016x}{:016x}", checksum[0], checksum[1]);
}

// The step in a folder's name, or -1 for a folder that is no checkpoint of the run (a copy a user made).
std::int64_t step_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  const std::string prefix = "step-";
  if (name.rfind(prefix, 0) != 0 || name.size() == prefix.size() || name.size() > prefix.size() + 18)
    return -1;
  const std::string digits = name.substr(prefix.size());
  return digits.find_first_not_of("0123456789") == std::string::npos ? std::stoll(digits) : -1;
}

// Committed checkpoints, oldest first.
std::vector<fs::path> committed_checkpoints(const std::string& run_directory) {
  std::vector<fs::path> found;
  std::error_code reason;
  for (const auto& entry : fs::directory_iterator(checkpoints_directory(run_directory), reason)) {
    if (step_of(entry.path()) >= 0 && fs::exists(entry.path() / "manifest.json", reason))
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(),
            [](const fs::path& a, const fs::path& b) { return step_of(a) < step_of(b); });
  return found;
}

Manifest parse_manifest(const std::string& text) {
  const json document = json::parse(text);
  if (document.at("version").get<int>() != kFormatVersion) {
    throw std::runtime_error(fmt::format("format version {} (this program reads {})",
                                         document.at("version").dump(), kFormatVersion));
  }
  Manifest manifest;
  manifest.step = document.at("step").get<std::int64_t>();
  manifest.epochs = document.at("epochs").get<std::int64_t>();
  for (const json& entry : document.at("shards")) {
    ShardInfo shard;
    shard.file = entry.at("file").get<std::string>();
    if (shard.file.empty() || fs::path(shard.file).filename() != shard.file) {
      throw std::runtime_error("shard '" + shard.file + "' is not a plain file name");
    }
    shard.bytes = entry.at("bytes").get<std::int64_t>();
    const auto digits = entry.at("xxh3_128").get<std::string>();
    if (digits.size() != 32) throw std::runtime_error("checksum '" + digits + "' has not 32 digits");
    shard.checksum = {std::stoull(digits.substr(0, 16), nullptr, 16),
                      std::stoull(digits.substr(16), nullptr, 16)};
    manifest.shards.push_back(shard);
  }
  return manifest;
}

}  // namespace

std::string checkpoints_directory(const std::string& run_directory) {
  return run_directory + "/checkpoints";
}

std::string checkpoint_directory(const std::string& run_directory, std::int64_t step) {
  return fmt::format("{}/step-{:08}", checkpoints_directory(run_directory), step);
}

std::string shard_name(int stage) {
  return fmt::format("stage-{}.safetensors", stage);
}

ShardInfo describe_shard(const std::string& directory, const std::string& file) {
  std::string content;
  std::string reason;
  const std::string path = directory + "/" + file;
  if (!read_file(path, content, reason)) throw DataError(fmt::format("{}: cannot read: {}", path, reason));
  const XXH128_hash_t hash = XXH3_128bits(content.data(), content.size());
  return {file, static_cast<std::int64_t>(content.size()), {hash.high64, hash.low64}};
}

void write_manifest(const std::string& directory, const Manifest& manifest) {
  json shards = json::array();
  for (const ShardInfo& shard : manifest.shards) {
    shards.push_back({{"file", shard.file}, {"bytes", shard.bytes}, {"xxh3_128", hex(shard.checksum)}});
  }
  const json document = {
      {"version", kFormatVersion}, {"step", manifest.step}, {"epochs", manifest.epochs}, {"shards", shards}};
  write_file_atomically(directory + "/manifest.json", document.dump(2) + "\n");
}

Manifest read_manifest(const std::string& directory) {
  const std::string path = directory + "/manifest.json";
  std::string text;
  std::string reason;
  if (!read_file(path, text, reason)) throw DataError(fmt::format("{}: cannot read: {}", path, reason));
  Manifest manifest;
  try {
    manifest = parse_manifest(text);
  } catch (const std::exception& problem) {
    throw DataError(fmt::format("{}: not a valid manifest: {}", path, problem.what()));
  }
  for (const ShardInfo& shard : manifest.shards) {
    const ShardInfo found = describe_shard(directory, shard.file);
    if (found.bytes != shard.bytes || found.checksum != shard.checksum) {
      throw DataError(fmt::format(
          "{}/{}: damaged: {} bytes with checksum {}, the manifest says {} bytes with {}", directory,
          shard.file, found.bytes, hex(found.checksum), shard.bytes, hex(shard.checksum)));
    }
  }
  return manifest;
}

std::string latest_checkpoint(const std::string& run_directory) {
  const std::vector<fs::path> found = committed_checkpoints(run_directory);
  return found.empty() ? "" : found.back().string();
}

void remove_old_checkpoints(const std::string& run_directory, int keep) {
  if (keep <= 0) return;
  std::vector<fs::path> found = committed_checkpoints(run_directory);
  std::error_code ignored;
  while (found.size() > static_cast<std::size_t>(keep)) {
    fs::remove(found.front() / "manifest.json",
               ignored);  // first, so that a half-removed folder is not taken for whole
    fs::remove_all(found.front(), ignored);
    found.erase(found.begin());
  }
}

}  // namespace interlock::storage
