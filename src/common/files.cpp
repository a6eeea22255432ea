#include "common/files.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "common/atomic_file.h"
#include "common/error.h"

namespace interlock {

void write_file_atomically(const std::string& path, const std::string& content) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
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
