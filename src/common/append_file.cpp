#include "common/append_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"

namespace interlock {

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string AppendFile::fail(const char* operation) {
  failure_ = fmt::format("{}: cannot {}: {}", path_, operation, std::strerror(errno));
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  return failure_;
}

std::string AppendFile::open(const std::string& path) {
  path_ = path;
  try {
    make_directories(folder_of(path));
  } catch (const IoError& error) {
    return failure_ = error.what();
  }
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  return descriptor_ < 0 ? fail("open") : "";
}

std::string AppendFile::write(const std::string& bytes) {
  const char* source = bytes.data();
  std::size_t left = bytes.size();
  while (left > 0 && descriptor_ >= 0) {
    const ssize_t written = ::write(descriptor_, source, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail("write");
    source += written;
    left -= static_cast<std::size_t>(written);
  }
  return failure_;
}

}  // namespace interlock
