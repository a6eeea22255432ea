#include "storage/shard.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "common/error.h"
#include "common/files.h"
#include "storage/safetensors_parts.h"

namespace interlock::storage {
namespace {

std::uint64_t checksum_of(const at::Tensor& plain) {
  return XXH3_64bits(plain.const_data_ptr(), plain.nbytes());
}

}  // namespace

ShardInfo write_shard(const std::string& directory, int stage, const TensorFile& file) {
  SafetensorsHeader header = header_of(file, directory);
  for (const auto& [name, tensor] : file.tensors)
    header.metadata[checksum_key(name)] = checksum_digits(checksum_of(plain_copy(tensor)));
  const std::string text = format_safetensors_header(header);
  const Checksum checksum = header_checksum(text);
  const std::uint64_t data = header.tensors.empty() ? 0 : header.tensors.back().end;
  ShardInfo info{shard_name(stage, checksum), static_cast<std::int64_t>(kLengthBytes + text.size() + data),
                 checksum};
  make_directories(directory);
  write_tensors(directory + "/" + info.file, text, file);
  return info;
}

ShardReader::ShardReader(const std::string& directory, const ShardInfo& info)
    : file_(directory + "/" + info.file, Links::kRefuse), header_(read_shard_header(file_, info)) {}

std::string ShardReader::metadata(const std::string& key) const {
  const auto found = metadata().find(key);
  return found == metadata().end() ? "" : found->second;
}

at::Tensor ShardReader::read(const TensorEntry& entry) {
  file_.go_to(header_.data_start + entry.begin);
  const at::Tensor tensor = read_tensor(file_, entry);
  check_tensor(file_, header_, entry, checksum_of(tensor));
  return tensor;
}

}  // namespace interlock::storage
