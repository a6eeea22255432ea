#include "data/gzip_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <zlib.h>

#include "common/error.h"
#include "storage/input_file.h"

namespace interlock::data {
namespace {

gzFile handle(void* file) {
  return static_cast<gzFile>(file);
}

}  // namespace

GzipReader::GzipReader(std::string path) : path_(std::move(path)) {
  std::error_code ignored;
  if (std::filesystem::exists(path_, ignored) && !std::filesystem::is_regular_file(path_, ignored)) {
    throw DataError(fmt::format("{}: cannot read: it is not a regular file", path_));
  }
  errno = 0;
  file_ = ::gzopen(path_.c_str(), "rb");
  if (file_ == nullptr) {
    throw DataError(fmt::format("{}: cannot open: {}", path_, std::strerror(errno != 0 ? errno : ENOMEM)));
  }
  ::gzbuffer(handle(file_), 1 << 17);
}

GzipReader::~GzipReader() {
  ::gzclose(handle(file_));
}

void GzipReader::fail(std::uint64_t at, const std::string& problem) const {
  storage::fail_at(path_, at, problem);
}

std::size_t GzipReader::read_some(std::uint8_t* bytes, std::size_t count) {
  const int got = ::gzread(handle(file_), bytes, static_cast<unsigned>(count));
  int code = Z_OK;
  const char* reason = ::gzerror(handle(file_), &code);
  if (code == Z_ERRNO) fail(offset_, fmt::format("cannot read: {}", std::strerror(errno)));
  if (got < 0 || code != Z_OK)
    fail(offset_, fmt::format("the gzip data are damaged or cut off ({})", reason));
  offset_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

std::vector<std::uint8_t> GzipReader::read(std::uint64_t count) {
  constexpr std::uint64_t kSmallest = std::uint64_t{1} << 16;
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 22;
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < count) {
    const std::size_t old = bytes.size();
    // No more at once than has proved to be there, so that a claim alone costs nothing.
    const std::uint64_t chunk = std::clamp<std::uint64_t>(old, kSmallest, kLargest);
    const auto wanted = static_cast<std::size_t>(std::min(chunk, count - old));
    bytes.resize(old + wanted);
    const std::size_t got = read_some(bytes.data() + old, wanted);
    if (got < wanted) {
      fail(offset_, fmt::format("the file ends here, {} bytes early; is it complete?", count - old - got));
    }
  }
  return bytes;
}

void GzipReader::expect_end() {
  std::uint8_t extra = 0;
  const std::uint64_t end = offset_;
  if (read_some(&extra, 1) != 0)
    fail(end, "the file goes on after its last item; its header and content disagree");
}

}  // namespace interlock::data
