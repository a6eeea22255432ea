// Fuzzes the JSON header of safetensors files, without tensors. The first two bytes say how many bytes of
// data follow the header. What is accepted must tile the data and survive being written and read back.

#include "storage/safetensors_header.h"

#include "reader.h"

namespace {

using namespace interlock;

void read(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return;
  const std::uint64_t data_bytes = data[0] | static_cast<std::uint64_t>(data[1]) << 8;
  const storage::SafetensorsHeader header =
      storage::parse_safetensors_header("fuzz", fuzz::text_of(data + 2, size - 2), data_bytes);
  std::uint64_t end = 0;
  for (const storage::TensorEntry& entry : header.tensors) {
    fuzz::require(entry.begin == end && entry.end >= entry.begin, "tensors that do not tile the data");
    for (const std::int64_t extent : entry.shape) fuzz::require(extent >= 0, "a negative dimension");
    end = entry.end;
  }
  fuzz::require(end == data_bytes, "data that belong to no tensor");
  const std::string text = storage::format_safetensors_header(header);
  try {
    const auto again = storage::parse_safetensors_header("again", text, data_bytes);
    fuzz::require(storage::format_safetensors_header(again) == text, "a header reads back as another one");
  } catch (const DataError& error) {
    throw std::logic_error(std::string("a header written by us is refused: ") + error.what());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(data, size); });
}
