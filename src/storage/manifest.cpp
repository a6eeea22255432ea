#include "storage/manifest.h"

#include <cctype>
#include <set>
#include <sys/stat.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/files.h"
#include "storage/sealed_text.h"
#include "storage/unfinished.h"

namespace interlock::storage {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostManifestBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMostShards = 100'000;
constexpr std::int64_t kMostShardBytes = std::int64_t{1} << 50;

// One member of a JSON object of the manifest, or a refusal that names it.
class Fields {
 public:
  Fields(const std::string& path, const json& object, std::string prefix)
      : path_(path), object_(object), prefix_(std::move(prefix)) {
    if (!object.is_object()) fail("", "an object");
  }

  [[nodiscard]] std::int64_t count(const char* name, std::int64_t most = std::int64_t{1} << 62) const {
    const json& value = at(name);
    const bool fits =
        value.is_number_unsigned() && value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most);
    if (!fits) fail(name, fmt::format("a whole number of 0 to {}", most));
    return value.get<std::int64_t>();
  }
  [[nodiscard]] std::uint64_t bits(const char* name) const {
    if (!at(name).is_number_unsigned()) fail(name, "a whole number");
    return at(name).get<std::uint64_t>();
  }
  [[nodiscard]] std::string text(const char* name) const {
    if (!at(name).is_string()) fail(name, "text");
    return at(name).get<std::string>();
  }
  [[nodiscard]] const json& list(const char* name) const {
    if (!at(name).is_array()) fail(name, "a list");
    return at(name);
  }
  [[noreturn]] void fail(const std::string& name, const std::string& wanted) const {
    throw DataError(
        fmt::format("{}: {}{} must be {}; was it written by another program?", path_, prefix_, name, wanted));
  }

 private:
  [[nodiscard]] const json& at(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end()) fail(name, "there");
    return *found;
  }

  const std::string& path_;
  const json& object_;
  std::string prefix_;
};

// Such a name leads nowhere but to a file of this folder.
bool is_plain(const std::string& name) {
  if (name.empty() || name.size() > 200 || name.front() == '.' || name == "manifest.json") return false;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

ShardInfo parse_shard(const Fields& fields) {
  ShardInfo shard;
  shard.file = fields.text("file");
  if (!is_plain(shard.file)) fields.fail("file", "a plain file name of letters, digits, '.', '-' and '_'");
  shard.bytes = fields.count("bytes", kMostShardBytes);
  const std::string digits = fields.text("xxh3_128");
  if (digits.size() != 32 || digits.find_first_not_of("0123456789abcdef") != std::string::npos)
    fields.fail("xxh3_128", "32 hexadecimal digits");
  shard.checksum = {std::stoull(digits.substr(0, 16), nullptr, 16),
                    std::stoull(digits.substr(16), nullptr, 16)};
  return shard;
}

// What is wrong with a shard's file without reading it, "" for nothing.
std::string fault_of_file(const std::string& path, std::int64_t bytes) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return "it is missing";
  if (!S_ISREG(status.st_mode)) return "it is not a regular file of this folder";
  if (status.st_size != bytes)
    return fmt::format("it has {} bytes, the manifest says {}", status.st_size, bytes);
  return "";
}

}  // namespace

std::string format_manifest(const Manifest& manifest) {
  json shards = json::array();
  for (const ShardInfo& shard : manifest.shards) {
    shards.push_back({{"file", shard.file}, {"bytes", shard.bytes}, {"xxh3_128", hex(shard.checksum)}});
  }
  return seal({{"version", kFormatVersion},
               {"step", manifest.step},
               {"epochs", manifest.epochs},
               {"batch_size", manifest.batch_size},
               {"steps_per_epoch", manifest.steps_per_epoch},
               {"seed", manifest.seed},
               {"recorder", manifest.recorder},
               {"shards", shards}});
}

Manifest parse_manifest(const std::string& path, const json& document) {
  const Fields fields(path, document, "");
  if (const std::int64_t version = fields.count("version"); version != kFormatVersion) {
    throw DataError(
        fmt::format("{}: a checkpoint of format version {}, but this program reads version {}: go on with "
                    "the interlock that "
                    "wrote it, or take its weights by `interlock export` of that one and model.init",
                    path, version, kFormatVersion));
  }
  Manifest manifest;
  manifest.step = fields.count("step");
  manifest.epochs = fields.count("epochs");
  manifest.batch_size = fields.count("batch_size");
  manifest.steps_per_epoch = fields.count("steps_per_epoch");
  manifest.seed = fields.bits("seed");
  manifest.recorder = fields.text("recorder");
  const json& shards = fields.list("shards");
  if (shards.size() > kMostShards) fields.fail("shards", fmt::format("a list of at most {}", kMostShards));
  std::set<std::string> names;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const Fields entry(path, shards[i], fmt::format("shards[{}].", i));
    manifest.shards.push_back(parse_shard(entry));
    if (!names.insert(manifest.shards.back().file).second)
      entry.fail("file", "another name than the ones before");
  }
  return manifest;
}

void write_manifest(const std::string& directory, const Manifest& manifest) {
  const std::lock_guard lock(commit_mutex());
  for (const ShardInfo& shard : manifest.shards) {
    const std::string path = directory + "/" + shard.file;
    const std::string fault = fault_of_file(path, shard.bytes);
    if (!fault.empty()) {
      throw IoError(
          fmt::format("{}: written, but now {}: is another job at work in this run's folder?", path, fault));
    }
  }
  write_file_atomically(directory + "/manifest.json", format_manifest(manifest));
  remove_unlisted_shards(directory, manifest);
}

Manifest read_manifest(const std::string& directory) {
  const std::string path = directory + "/manifest.json";
  const Manifest manifest = parse_manifest(path, read_sealed(path, kMostManifestBytes));
  for (const ShardInfo& shard : manifest.shards) {
    const std::string file = directory + "/" + shard.file;
    const std::string fault = fault_of_file(file, shard.bytes);
    if (!fault.empty())
      throw DataError(fmt::format("{}: damaged: {}; train --resume=sound takes the newest sound checkpoint",
                                  file, fault));
  }
  return manifest;
}

}  // namespace interlock::storage
