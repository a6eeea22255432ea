#include "storage/tensor_pieces.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <xxhash.h>

#include "storage/checkpoint.h"

namespace interlock::storage {

void read_pieces(InputFile& file, std::uint64_t data_start, const TensorEntry& entry, const UsePiece& use) {
  constexpr std::size_t kPiece = std::size_t{1} << 18;
  std::vector<char> buffer(std::min<std::uint64_t>(kPiece, entry.end - entry.begin));
  file.go_to(data_start + entry.begin);
  for (std::uint64_t left = entry.end - entry.begin; left > 0;) {
    const std::size_t some = std::min<std::uint64_t>(left, kPiece);
    file.read(buffer.data(), some);
    use(buffer.data(), some);
    left -= some;
  }
}

void read_checked_pieces(InputFile& file, const ShardHeader& header, const TensorEntry& entry,
                         const UsePiece& use) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  read_pieces(file, header.data_start, entry, [&](const char* bytes, std::size_t count) {
    XXH3_64bits_update(state.get(), bytes, count);
    use(bytes, count);
  });
  check_tensor(file, header, entry, XXH3_64bits_digest(state.get()));
}

void check_shards(const std::string& directory, const Manifest& manifest) {
  for (const ShardInfo& shard : manifest.shards) {
    InputFile file(directory + "/" + shard.file, Links::kRefuse);
    const ShardHeader header = read_shard_header(file, shard);
    for (const TensorEntry& entry : header.safetensors.tensors)
      read_checked_pieces(file, header, entry, [](const char*, std::size_t) {});
  }
}

}  // namespace interlock::storage
