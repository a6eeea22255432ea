#include "text/text_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>

#include <fmt/format.h>

#include "common/error.h"
#include "common/path_advice.h"
#include "text/checksum.h"
#include "text/shards.h"

namespace interlock::text {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBenchmarkFolder = "1-billion-word-language-modeling-benchmark-r13output";
constexpr const char* kTrainingFolder = "training-monolingual.tokenized.shuffled";
constexpr const char* kHeldoutFolder = "heldout-monolingual.tokenized.shuffled";
constexpr const char* kUsualTestShard = "news.en.heldout-00000-of-00050";

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::string absolute(const std::string& path) {
  std::error_code failed;
  const fs::path canonical = fs::canonical(path, failed);
  return failed ? path : canonical.string();
}

// The folder that holds both parts of the benchmark, where `path` is it, the one above, or its training part;
// "" where `path` is something else.
std::string benchmark_folder(const std::string& path) {
  const fs::path folder = absolute(path);
  if (folder.filename() == kTrainingFolder) return folder.parent_path().string();
  for (const std::string& candidate : {path, path + "/" + kBenchmarkFolder}) {
    if (is_folder(candidate + "/" + kTrainingFolder)) return candidate;
  }
  return "";
}

TextSource describe(std::vector<std::string> files) {
  TextSource source;
  Checksum checksum;
  for (const std::string& file : files) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
      throw DataError(fmt::format("{}: cannot open: {}", file, std::strerror(errno)));
    }
    if (!S_ISREG(status.st_mode)) throw DataError(fmt::format("{}: not a file of text", file));
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    source.bytes += bytes;
    checksum.add(absolute(file)).add(bytes);
    checksum.add(static_cast<std::uint64_t>(status.st_mtim.tv_sec))
        .add(static_cast<std::uint64_t>(status.st_mtim.tv_nsec));
  }
  if (source.bytes == 0) throw DataError(fmt::format("{}: there is no text in it: 0 bytes", files.front()));
  source.files = std::move(files);
  source.fingerprint = checksum.hex();
  return source;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    names.push_back(entry->path().filename().string());
  }
  if (failed) throw DataError(fmt::format("{}: cannot list: {}", folder, failed.message()));
  std::sort(names.begin(), names.end());
  return names;
}

TextSource text_in_folder(const std::string& folder, int first_shard) {
  std::vector<ShardName> shards;
  std::vector<std::string> texts;
  for (const std::string& name : names_in(folder)) {
    if (const auto shard = parse_shard_name(name)) shards.push_back(*shard);
    if (fs::path(name).extension() == ".txt") texts.push_back(folder + "/" + name);
  }
  if (shards.empty() && texts.empty()) {
    throw DataError(
        fmt::format("{}: no text in this folder; expected *.txt, shards NAME-00000-of-00010, or {}", folder,
                    kTrainingFolder));
  }
  return describe(shards.empty() ? texts : complete_shards(folder, shards, first_shard));
}

}  // namespace

TextSource find_text(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    throw DataError(fmt::format("{}: no such file or folder{}", path, advice_on_missing(path)));
  if (!is_folder(path)) return describe({path});
  const std::string benchmark = benchmark_folder(path);
  return benchmark.empty() ? text_in_folder(path, 0) : text_in_folder(benchmark + "/" + kTrainingFolder, 1);
}

std::optional<TextSource> find_heldout_text(const std::string& path) {
  const std::string benchmark = is_folder(path) ? benchmark_folder(path) : "";
  if (benchmark.empty()) return std::nullopt;
  const std::string file = fmt::format("{}/{}/{}", benchmark, kHeldoutFolder, kUsualTestShard);
  std::error_code ignored;
  if (fs::exists(file, ignored)) return describe({file});
  throw DataError(
      fmt::format("{}: no such file; it is the usual text to evaluate on (or set data.eval_path, or "
                  "data.holdout)",
                  file));
}

}  // namespace interlock::text
