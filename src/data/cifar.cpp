#include "data/cifar.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "storage/input_file.h"

namespace interlock::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPixelBytes = 3 * 32 * 32;

struct Layout {
  const char* name;
  const char* subfolder;
  std::vector<std::string> train_files;
  std::string eval_file;
  std::int64_t train_records;  // a file, as published
  std::int64_t eval_records;
  std::int64_t classes;
  std::int64_t label_bytes;  // the last one is the label that counts
  [[nodiscard]] std::int64_t record_bytes() const { return label_bytes + kPixelBytes; }
};

Layout layout_of(CifarKind kind) {
  if (kind == CifarKind::k100)
    return {"CIFAR-100", "cifar-100-binary", {"train.bin"}, "test.bin", 50000, 10000, 100, 2};
  std::vector<std::string> train;
  for (int number = 1; number <= 5; ++number) train.push_back(fmt::format("data_batch_{}.bin", number));
  return {"CIFAR-10", "cifar-10-batches-bin", train, "test_batch.bin", 10000, 10000, 10, 1};
}

std::string expectation(const Layout& layout) {
  return fmt::format("data.path must be the folder of {}'s binary version, with {} and {} in it or in {}/",
                     layout.name, join(layout.train_files, ", "), layout.eval_file, layout.subfolder);
}

std::string find_folder(const Layout& layout, const std::string& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    throw DataError(fmt::format("{}: no such folder; {}", folder, expectation(layout)));
  }
  const fs::path inner = fs::path(folder) / layout.subfolder;
  return fs::is_directory(inner, ignored) ? inner.string() : folder;
}

std::string existing_file(const Layout& layout, const std::string& folder, const std::string& name) {
  const std::string path = (fs::path(folder) / name).string();
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    throw DataError(fmt::format("{}: no such file; {}", path, expectation(layout)));
  return path;
}

// Whether any file of the folder has its published size, which makes the others parts of the same set.
bool is_published_set(const Layout& layout, const std::string& folder, bool with_eval) {
  const auto has_records = [&](const std::string& name, std::int64_t records) {
    std::error_code missing;
    const std::uintmax_t size = fs::file_size(fs::path(folder) / name, missing);
    return !missing && size == static_cast<std::uintmax_t>(records * layout.record_bytes());
  };
  return (with_eval && has_records(layout.eval_file, layout.eval_records)) ||
         std::any_of(layout.train_files.begin(), layout.train_files.end(),
                     [&](const std::string& name) { return has_records(name, layout.train_records); });
}

std::int64_t count_records(const Layout& layout, const storage::InputFile& file, std::int64_t published) {
  const auto record = static_cast<std::uint64_t>(layout.record_bytes());
  const std::string advice = fmt::format("a {} file is records of {} bytes; download or unpack it again",
                                         layout.name, layout.record_bytes());
  if (file.size() == 0) file.fail(0, "the file is empty; " + advice);
  const std::uint64_t rest = file.size() % record;
  if (rest != 0) {
    file.fail(file.size() - rest,
              fmt::format("record {} has only {} bytes; {}", file.size() / record, rest, advice));
  }
  const auto records = static_cast<std::int64_t>(file.size() / record);
  if (published != 0 && records != published) {
    file.fail(
        file.size(),
        fmt::format("the file has {} records where the published one has {}; download or unpack it again, or "
                    "use data.limit and data.eval_limit for a smaller set",
                    records, published));
  }
  return records;
}

// Appends at most `wanted` images. `published` is the number of records required, 0 for any.
void append_file(const Layout& layout, const std::string& path, std::int64_t published, std::int64_t wanted,
                 ImageStore& store) {
  storage::InputFile file(path);
  const std::int64_t records = std::min(count_records(layout, file, published), wanted);
  store.pixels.reserve(store.pixels.size() + static_cast<std::size_t>(records * kPixelBytes));
  std::vector<std::uint8_t> chunk;
  constexpr std::int64_t kChunkRecords = 1000;
  for (std::int64_t first = 0; first < records; first += kChunkRecords) {
    const std::int64_t count = std::min(kChunkRecords, records - first);
    chunk.resize(static_cast<std::size_t>(count * layout.record_bytes()));
    file.read(chunk.data(), chunk.size());
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint8_t* record = chunk.data() + i * layout.record_bytes();
      const std::int32_t label = record[layout.label_bytes - 1];
      if (label >= layout.classes) {
        file.fail(static_cast<std::uint64_t>((first + i) * layout.record_bytes() + layout.label_bytes - 1),
                  fmt::format("label {} of record {} is not a class of {}, 0 to {}", label, first + i,
                              layout.name, layout.classes - 1));
      }
      store.labels.push_back(label);
      store.pixels.insert(store.pixels.end(), record + layout.label_bytes, record + layout.record_bytes());
    }
  }
}

}  // namespace

ImageSets read_cifar(CifarKind kind, const std::string& folder, std::int64_t train_limit,
                     std::int64_t eval_limit, bool with_eval) {
  constexpr std::int64_t kNoLimit = std::int64_t{1} << 62;
  const Layout layout = layout_of(kind);
  const std::string found = find_folder(layout, folder);
  const bool published = is_published_set(layout, found, with_eval);
  ImageSets sets;
  for (ImageStore* store : {&sets.train, &sets.eval}) {
    store->channels = 3;
    store->height = store->width = 32;
    store->classes = layout.classes;
  }
  for (const std::string& name : layout.train_files) {
    const std::int64_t wanted = (train_limit > 0 ? train_limit : kNoLimit) - sets.train.size();
    if (wanted == 0) break;
    append_file(layout, existing_file(layout, found, name), published ? layout.train_records : 0, wanted,
                sets.train);
  }
  if (!with_eval) return sets;
  append_file(layout, existing_file(layout, found, layout.eval_file), published ? layout.eval_records : 0,
              eval_limit > 0 ? eval_limit : kNoLimit, sets.eval);
  return sets;
}

}  // namespace interlock::data
