#include "storage/safetensors_header.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/text.h"
#include "storage/input_file.h"
#include "storage/safetensors_sax.h"

namespace interlock::storage {
namespace {

// Byte count of one tensor; false where it does not fit into 63 bits. Zeros count as ones for that question,
// so that strides fit as well.
bool count_bytes(const TensorEntry& entry, std::uint64_t& bytes) {
  std::int64_t padded = static_cast<std::int64_t>(element_bytes(entry.type));
  bool empty = false;
  for (const std::int64_t extent : entry.shape) {
    if (__builtin_mul_overflow(padded, std::max<std::int64_t>(extent, 1), &padded)) return false;
    empty = empty || extent == 0;
  }
  bytes = empty ? 0 : static_cast<std::uint64_t>(padded);
  return true;
}

void check_size(const std::string& path, const TensorEntry& entry, std::uint64_t data_bytes) {
  std::uint64_t bytes = 0;
  if (!count_bytes(entry, bytes)) {
    fail_at(path, entry.where,
            fmt::format("tensor '{}': shape {} overflows", entry.name, format_shape(entry.shape)));
  }
  if (entry.begin > entry.end || entry.end > data_bytes) {
    fail_at(path, entry.where,
            fmt::format(
                "tensor '{}': data_offsets [{}, {}] are not within the file's {} bytes of data; is the file "
                "complete?",
                entry.name, entry.begin, entry.end, data_bytes));
  }
  if (entry.end - entry.begin != bytes) {
    fail_at(path, entry.where,
            fmt::format("tensor '{}': shape {} needs {} bytes, but data_offsets give {}", entry.name,
                        format_shape(entry.shape), bytes, entry.end - entry.begin));
  }
}

void check_tiling(const std::string& path, const SafetensorsHeader& header, std::uint64_t header_bytes,
                  std::uint64_t data_bytes) {
  const std::uint64_t data_start = kLengthBytes + header_bytes;
  std::uint64_t cursor = 0;
  for (const TensorEntry& entry : header.tensors) {
    if (entry.begin != cursor) {
      fail_at(path, data_start + std::min(entry.begin, cursor),
              fmt::format("tensor '{}' {} at data offset {}, but the data before it end at {}", entry.name,
                          entry.begin > cursor ? "leaves a hole: it starts" : "overlaps: it starts",
                          entry.begin, cursor));
    }
    cursor = entry.end;
  }
  if (cursor != data_bytes) {
    fail_at(path, data_start + cursor, fmt::format("{} bytes follow the last tensor", data_bytes - cursor));
  }
}

std::string quoted(const std::string& text) {
  // Text from outside (a file name in the metadata, say) need not be UTF-8; the file must be.
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string read_safetensors_header(InputFile& file) {
  if (file.size() < kLengthBytes)
    file.fail(0, fmt::format("{} bytes are too few for safetensors", file.size()));
  std::uint64_t length = 0;
  file.read(&length, sizeof(length));
  if (length > kMostHeaderBytes) {
    file.fail(0,
              fmt::format("a header of {} bytes is longer than the {} allowed; is this a safetensors file?",
                          length, kMostHeaderBytes));
  }
  if (length > file.size() - kLengthBytes) {
    file.fail(0, fmt::format("a header of {} bytes does not fit into the file's {}; is it complete?", length,
                             file.size()));
  }
  std::string text(length, '\0');
  file.read(text.data(), text.size());
  return text;
}

SafetensorsHeader parse_safetensors_header(const std::string& path, const std::string& text,
                                           std::uint64_t data_bytes) {
  SafetensorsHeader header = parse_safetensors_json(path, text);
  for (const TensorEntry& entry : header.tensors) check_size(path, entry, data_bytes);
  std::stable_sort(header.tensors.begin(), header.tensors.end(),
                   [](const TensorEntry& a, const TensorEntry& b) {
                     return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
                   });
  check_tiling(path, header, text.size(), data_bytes);
  return header;
}

std::string format_safetensors_header(const SafetensorsHeader& header) {
  std::vector<std::string> members;
  if (!header.metadata.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [key, value] : header.metadata) pairs.push_back(quoted(key) + ":" + quoted(value));
    members.push_back(fmt::format("\"__metadata__\":{{{}}}", join(pairs, ",")));
  }
  for (const TensorEntry& entry : header.tensors) {
    members.push_back(fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                                  quoted(entry.name), element_name(entry.type), fmt::join(entry.shape, ","),
                                  entry.begin, entry.end));
  }
  std::string text = "{" + join(members, ",") + "}";
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace interlock::storage
