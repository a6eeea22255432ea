#include "inspect/tensor_set.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::inspect {
namespace {

// A whole number that a header gives as text; -1 for anything else.
int number_in(const std::map<std::string, std::string>& metadata, const char* key) {
  constexpr std::size_t kMostDigits = 6;
  const auto found = metadata.find(key);
  if (found == metadata.end() || found->second.empty() || found->second.size() > kMostDigits) return -1;
  const bool digits = found->second.find_first_not_of("0123456789") == std::string::npos;
  return digits ? std::stoi(found->second) : -1;
}

TensorFile open_shard(const std::string& folder, const storage::ShardInfo& info) {
  TensorFile shard;
  shard.path = folder + "/" + info.file;
  shard.bytes = static_cast<std::uint64_t>(info.bytes);
  try {
    shard.file = std::make_shared<storage::InputFile>(shard.path, storage::Links::kRefuse);
    shard.header = storage::read_shard_header(*shard.file, info);
    shard.data_start = shard.header->data_start;
    shard.tensors = shard.header->safetensors.tensors;
    shard.metadata = shard.header->safetensors.metadata;
    shard.stage = number_in(shard.metadata, "stage");
    shard.last_layer = number_in(shard.metadata, "last_layer");
  } catch (const DataError& problem) {
    shard.file.reset();
    shard.problem = problem.what();
  }
  return shard;
}

void say_first_layers(std::vector<TensorFile>& shards) {
  int next = 0;
  for (TensorFile& shard : shards) {
    if (next >= 0 && shard.last_layer >= next) shard.first_layer = next;
    next = shard.last_layer >= 0 ? shard.last_layer + 1 : -1;  // after a damaged one nobody knows
  }
}

TensorFile open_file(const std::string& path) {
  TensorFile listed;
  listed.path = path;
  listed.file = std::make_shared<storage::InputFile>(path);
  listed.bytes = listed.file->size();
  const std::string text = storage::read_safetensors_header(*listed.file);
  listed.data_start = listed.file->offset();
  storage::SafetensorsHeader header =
      storage::parse_safetensors_header(path, text, listed.bytes - listed.data_start);
  listed.tensors = std::move(header.tensors);
  listed.metadata = std::move(header.metadata);
  return listed;
}

std::vector<std::string> split(const std::string& name) {
  std::vector<std::string> parts{""};
  for (const char c : name) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

int number_of(const std::vector<std::string>& parts, std::size_t at) {
  if (at >= parts.size() || parts[at].empty() || parts[at].size() > 6) return -1;
  return parts[at].find_first_not_of("0123456789") == std::string::npos ? std::stoi(parts[at]) : -1;
}

}  // namespace

void TensorFile::read(const storage::TensorEntry& tensor, const storage::UsePiece& use) const {
  if (!file) throw DataError(problem);
  if (header) {
    storage::read_checked_pieces(*file, *header, tensor, use);
  } else {
    storage::read_pieces(*file, data_start, tensor, use);
  }
}

std::int64_t elements_of(const storage::TensorEntry& entry) {
  return static_cast<std::int64_t>((entry.end - entry.begin) / storage::element_bytes(entry.type));
}

TensorSet open_tensors(const std::string& path) {
  TensorSet set;
  set.path = path;
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    set.files.push_back(open_file(path));
    return set;
  }
  set.manifest = storage::read_manifest(path);
  for (const storage::ShardInfo& info : set.manifest->shards) set.files.push_back(open_shard(path, info));
  say_first_layers(set.files);
  return set;
}

TensorRole role_of(const std::string& name) {
  TensorRole role;
  std::vector<std::string> parts = split(name);
  if (parts.front() == "optimizer" && parts.size() > 1) {
    role.optimizer = true;
    role.slot = parts.back();
    parts.erase(parts.begin());
  }
  const std::string& last = parts.back();
  role.buffer = last == "running_mean" || last == "running_var" || last == "num_batches_tracked";
  if (parts.front() == "heads") {
    role.head = number_of(parts, 1);
    role.layer = number_of(parts, 2);
  } else if (parts.front() == "layers") {
    role.layer = number_of(parts, 1);
  }
  const bool numbered = parts.size() > 1 && number_of(parts, 1) >= 0;
  if (role.optimizer) {
    role.group = "optimizer." + (parts.front() == "loss_scale" ? parts.front() : role.slot);
  } else {
    role.group = numbered ? parts[0] + "." + parts[1] : parts[0];
  }
  return role;
}

}  // namespace interlock::inspect
