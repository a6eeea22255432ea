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
#include "common/path_advice.h"

namespace interlock::storage {

void fail_at(const std::string& path, std::uint64_t offset, const std::string& problem) {
  throw DataError(fmt::format("{}: byte {}: {}", path, offset, problem));
}

InputFile::InputFile(std::string path, Links links) : path_(std::move(path)) {
  // Without O_NONBLOCK, opening a pipe by mistake would wait for a writer for ever.
  descriptor_ =
      ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | (links == Links::kRefuse ? O_NOFOLLOW : 0));
  if (descriptor_ < 0) {
    const std::string reason = std::strerror(errno);
    throw DataError(fmt::format("{}: cannot open: {}{}", path_, reason, advice_on_missing(path_)));
  }
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw DataError(fmt::format("{}: cannot read: it is {}; give the path of a file", path_,
                                S_ISDIR(status.st_mode) ? "a folder" : "not a regular file"));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() {
  ::close(descriptor_);
}

void InputFile::go_to(std::uint64_t offset) {
  if (::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0)
    fail(offset, fmt::format("cannot go there: {}", std::strerror(errno)));
  offset_ = offset;
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
