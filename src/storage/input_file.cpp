#include "storage/input_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::storage {

void fail_at(const std::string& path, std::uint64_t offset, const std::string& problem) {
  throw DataError(fmt::format("{}: byte {}: {}", path, offset, problem));
}

InputFile::InputFile(std::string path) : path_(std::move(path)) {
  // Without O_NONBLOCK, opening a pipe by mistake would wait for a writer for ever.
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) throw DataError(fmt::format("{}: cannot open: {}", path_, std::strerror(errno)));
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw DataError(fmt::format("{}: cannot read: it is not a regular file", path_));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() {
  ::close(descriptor_);
}

void InputFile::read(void* bytes, std::size_t count) {
  constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;  // the system reads at most 2 GiB a call
  auto* target = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t got = ::read(descriptor_, target, std::min(count, kMostAtOnce));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(offset_, fmt::format("cannot read: {}", std::strerror(errno)));
    if (got == 0) fail(offset_, fmt::format("the file ends here, {} bytes early; is it complete?", count));
    target += got;
    offset_ += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
}

}  // namespace interlock::storage
