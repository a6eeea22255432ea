#include "data/idx.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "data/gzip_reader.h"

namespace interlock::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFewestClasses = 10;

struct IdxFile {
  std::string path;
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> bytes;
  [[nodiscard]] std::uint64_t header_bytes() const { return 4 + 4 * shape.size(); }
};

std::string find_file(const std::string& folder, const std::string& part, int dimensions) {
  std::vector<std::string> names;
  for (const char* separator : {"-", "."}) {
    for (const char* packed : {"", ".gz"}) {
      names.push_back(fmt::format("{}{}idx{}-ubyte{}", part, separator, dimensions, packed));
    }
  }
  std::error_code ignored;
  for (const std::string& name : names) {
    const fs::path path = fs::path(folder) / name;
    if (fs::exists(path, ignored)) return path.string();
  }
  throw DataError(
      fmt::format("{}: no such file (nor {}); data.path must be a folder with train-images-idx3-ubyte, "
                  "train-labels-idx1-ubyte, "
                  "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte",
                  (fs::path(folder) / names[0]).string(), join({names.begin() + 1, names.end()}, ", ")));
}

std::uint32_t big_endian(const std::vector<std::uint8_t>& bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | static_cast<std::uint32_t>(bytes[3]);
}

IdxFile read_idx_file(const std::string& path, int dimensions) {
  IdxFile file;
  file.path = path;
  GzipReader reader(path);
  const std::uint32_t magic = big_endian(reader.read(4));
  const std::uint32_t expected = 0x0800U + static_cast<std::uint32_t>(dimensions);  // 0x08: unsigned bytes
  if (magic != expected) {
    reader.fail(0, fmt::format("starts with {:#010x} instead of {:#010x}; this is no idx{} file of bytes",
                               magic, expected, dimensions));
  }
  std::int64_t count = 1;
  for (int dimension = 0; dimension < dimensions; ++dimension) {
    const std::uint64_t at = reader.offset();
    const std::int64_t extent = big_endian(reader.read(4));
    if (extent == 0) reader.fail(at, "a dimension is 0; the file holds nothing");
    if (__builtin_mul_overflow(count, extent, &count)) reader.fail(at, "the dimensions are too large");
    file.shape.push_back(extent);
  }
  file.bytes = reader.read(static_cast<std::uint64_t>(count));
  reader.expect_end();
  return file;
}

// `classes`: 0 takes it from the labels.
ImageStore read_split(const std::string& folder, const std::string& split, std::int64_t classes) {
  IdxFile images = read_idx_file(find_file(folder, split + "-images", 3), 3);
  const IdxFile labels = read_idx_file(find_file(folder, split + "-labels", 1), 1);
  if (labels.shape[0] != images.shape[0]) {
    throw DataError(fmt::format("{}: byte 4: {} labels for the {} images of {}", labels.path, labels.shape[0],
                                images.shape[0], images.path));
  }
  ImageStore store;
  store.channels = 1;
  store.height = images.shape[1];
  store.width = images.shape[2];
  store.labels.assign(labels.bytes.begin(), labels.bytes.end());
  const auto largest = std::max_element(store.labels.begin(), store.labels.end());
  store.classes = classes > 0 ? classes : std::max<std::int64_t>(kFewestClasses, *largest + 1);
  if (*largest >= store.classes) {
    throw DataError(
        fmt::format("{}: byte {}: label {} is not a class of the training labels, 0 to {}", labels.path,
                    labels.header_bytes() + static_cast<std::uint64_t>(largest - store.labels.begin()),
                    *largest, store.classes - 1));
  }
  store.pixels = std::move(images.bytes);
  return store;
}

}  // namespace

ImageSets read_idx(const std::string& folder, std::int64_t train_limit, std::int64_t eval_limit,
                   bool with_eval) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    throw DataError(fmt::format("{}: no such folder; data.path must be a folder with idx files", folder));
  }
  ImageSets sets;
  sets.train = read_split(folder, "train", 0);
  limit(sets.train, train_limit);
  if (!with_eval) return sets;
  sets.eval = read_split(folder, "t10k", sets.train.classes);
  if (sets.eval.height != sets.train.height || sets.eval.width != sets.train.width) {
    throw DataError(fmt::format("{}: byte 8: images are {} x {}, but the training images {} x {}",
                                find_file(folder, "t10k-images", 3), sets.eval.height, sets.eval.width,
                                sets.train.height, sets.train.width));
  }
  limit(sets.eval, eval_limit);
  return sets;
}

}  // namespace interlock::data
