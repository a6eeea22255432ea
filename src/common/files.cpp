#include "common/files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock {
namespace {

[[noreturn]] void throw_io(const std::string& path, const char* operation) {
  throw IoError(fmt::format("{}: cannot {}: {}", path, operation, std::strerror(errno)));
}

// The same, after removing a temporary file that is of no use to anyone.
[[noreturn]] void remove_and_throw(const std::string& temporary, const std::string& path,
                                   const char* operation) {
  const int reason = errno;
  ::unlink(temporary.c_str());
  errno = reason;
  throw_io(path, operation);
}

}  // namespace

void write_file_atomically(const std::string& path, const std::string& content) {
  const std::string temporary = path + ".tmp";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) throw_io(temporary, "create");
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t count = ::write(file, content.data() + written, content.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int reason = errno;
      ::close(file);
      errno = reason;
      remove_and_throw(temporary, temporary, "write");
    }
    written += static_cast<std::size_t>(count);
  }
  const bool synced = ::fsync(file) == 0;
  if (::close(file) != 0 || !synced) remove_and_throw(temporary, temporary, "flush");
  if (::rename(temporary.c_str(), path.c_str()) != 0) remove_and_throw(temporary, path, "rename into place");
}

void make_directories(const std::string& path) {
  std::error_code reason;
  std::filesystem::create_directories(path, reason);
  if (reason) throw IoError(fmt::format("{}: cannot create the folder: {}", path, reason.message()));
}

bool read_file(const std::string& path, std::string& content, std::string& reason) {
  std::error_code status_error;
  if (std::filesystem::is_directory(path, status_error)) {
    reason = "it is a folder";
    return false;
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    reason = std::strerror(errno);
    return false;
  }
  std::ostringstream buffer;
  buffer << stream.rdbuf();
  content = buffer.str();
  return true;
}

std::string set_aside_directory(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code reason;
  if (!fs::exists(directory, reason) || fs::is_empty(directory, reason)) return "";
  std::string base = directory;
  while (base.size() > 1 && base.back() == '/') base.pop_back();
  for (int number = 1;; ++number) {
    const std::string target = fmt::format("{}.{}", base, number);
    if (fs::exists(target, reason)) continue;
    fs::rename(base, target, reason);
    if (reason) throw IoError(fmt::format("{}: cannot move to {}: {}", base, target, reason.message()));
    return target;
  }
}

}  // namespace interlock
