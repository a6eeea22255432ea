#include "storage/shard_header.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <xxhash.h>

#include "common/error.h"

namespace interlock::storage {
namespace {

constexpr const char* kElsewhere =
    "; take another checkpoint: train --resume=sound finds the newest sound one, --checkpoint=PATH names one";

}  // namespace
namespace {

const std::string kKeyPrefix = "xxh3_64:";

}  // namespace

std::string checksum_key(const std::string& tensor) {
  return kKeyPrefix + tensor;
}

std::string checksum_digits(std::uint64_t checksum) {
  return fmt::format("{:016x}", checksum);
}

Checksum header_checksum(const std::string& text) {
  const std::uint64_t length = text.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof(length));
  bytes += text;
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

ShardHeader read_shard_header(InputFile& file, const ShardInfo& info) {
  if (file.size() != static_cast<std::uint64_t>(info.bytes)) {
    file.fail(
        std::min(file.size(), static_cast<std::uint64_t>(info.bytes)),
        fmt::format("damaged: it has {} bytes, the manifest says {}{}", file.size(), info.bytes, kElsewhere));
  }
  const std::string text = read_safetensors_header(file);
  if (const Checksum found = header_checksum(text); found != info.checksum) {
    file.fail(0,
              fmt::format("header: damaged: the checksum of its bytes 0 to {} is {}, the manifest says {}{}",
                          file.offset(), hex(found), hex(info.checksum), kElsewhere));
  }
  ShardHeader header;
  header.data_start = file.offset();
  header.safetensors = parse_safetensors_header(file.path(), text, file.size() - file.offset());
  std::map<std::string, std::string>& metadata = header.safetensors.metadata;
  for (const TensorEntry& entry : header.safetensors.tensors) {
    const auto found = metadata.find(checksum_key(entry.name));
    const std::string digits = found == metadata.end() ? "" : found->second;
    std::uint64_t checksum = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), checksum, 16);
    if (digits.size() != 16 || end.ec != std::errc() || end.ptr != digits.data() + digits.size())
      file.fail(entry.where, fmt::format("tensor '{}' has no checksum in the metadata", entry.name));
    header.checksums[entry.name] = checksum;
    metadata.erase(found);
  }
  return header;
}

void check_tensor(const InputFile& file, const ShardHeader& header, const TensorEntry& entry,
                  std::uint64_t found) {
  const std::uint64_t expected = header.checksums.at(entry.name);
  if (found == expected) return;
  file.fail(
      header.data_start + entry.begin,
      fmt::format("tensor '{}': damaged: the checksum of its {} bytes is {}, expected {}{}", entry.name,
                  entry.end - entry.begin, checksum_digits(found), checksum_digits(expected), kElsewhere));
}

}  // namespace interlock::storage
