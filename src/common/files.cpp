#include "common/files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "common/atomic_file.h"
#include "common/error.h"
#include "common/path_advice.h"

namespace interlock {
namespace {

// `wanted` is what the caller asked for: the path or one below it.
void make_directory(const std::string& path, const std::string& wanted) {
  namespace fs = std::filesystem;
  std::error_code reason;
  if (path.empty() || fs::is_directory(path, reason)) return;
  const std::string parent = fs::path(path).has_filename() ? folder_of(path) : folder_of(folder_of(path));
  make_directory(parent, wanted);
  if (::mkdir(path.c_str(), 0777) == 0) {
    sync_folder(parent);
  } else if (const int error = errno; !fs::is_directory(path, reason)) {  // other ranks make the same folder
    throw IoError(fmt::format("{}: cannot create the folder: {}{}", wanted,
                              std::strerror(error == EEXIST ? ENOTDIR : error),
                              advice_on_writing(wanted, error)));
  }
}

}  // namespace

void write_file_atomically(const std::string& path, const std::string& content) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}

void make_directories(const std::string& path) {
  make_directory(path, path);
}

void sync_folder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // may be written to but not read
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0 && error != EINVAL && error != ENOTSUP && error != EBADF && error != ENOSYS)
    throw IoError(fmt::format("{}: cannot flush the folder: {}", path, std::strerror(error)));
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
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

std::string set_aside_directory(const std::string& directory, const std::string& mark) {
  namespace fs = std::filesystem;
  std::error_code reason;
  if (!fs::exists(directory, reason) || fs::is_empty(directory, reason)) return "";
  std::string base = directory;
  while (base.size() > 1 && base.back() == '/') base.pop_back();
  for (int number = 1;; ++number) {
    const std::string target = fmt::format("{}{}{}", base, mark, number);
    if (fs::exists(target, reason)) continue;
    fs::rename(base, target, reason);
    if (reason) throw IoError(fmt::format("{}: cannot move to {}: {}", base, target, reason.message()));
    return target;
  }
}

}  // namespace interlock
