// Fuzzes the header of a checkpoint's shard, given the size and the checksum that its manifest would have:
// whoever can change a shard can change the manifest beside it.

#include <cstring>

#include "reader.h"
#include "storage/shard_header.h"

namespace {

using namespace interlock;

void read(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder folder;
  storage::ShardInfo info{"fuzz.safetensors", static_cast<std::int64_t>(size), {}};
  std::uint64_t length = 0;
  if (size >= sizeof(length)) std::memcpy(&length, data, sizeof(length));
  if (size >= sizeof(length) && length <= size - sizeof(length))
    info.checksum = storage::header_checksum(fuzz::text_of(data + sizeof(length), length));
  storage::InputFile file(folder.write(info.file, data, size), storage::Links::kRefuse);
  const storage::ShardHeader header = storage::read_shard_header(file, info);
  for (const storage::TensorEntry& entry : header.safetensors.tensors)
    storage::check_tensor(file, header, entry, entry.begin);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(data, size); });
}
