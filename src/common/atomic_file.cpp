#include "common/atomic_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock {
namespace {

[[noreturn]] void throw_io(const std::string& path, const char* operation) {
  throw IoError(fmt::format("{}: cannot {}: {}", path, operation, std::strerror(errno)));
}

// A rename survives a power cut only once its folder is on disk. Some file systems refuse to sync a folder,
// and the file itself is whole either way, so a failure here is no error.
void sync_folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), temporary_(path_ + ".tmp") {
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) throw_io(temporary_, "create");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* bytes, std::size_t count) {
  constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;  // the system writes at most 2 GiB a call
  const auto* source = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(descriptor_, source, std::min(count, kMostAtOnce));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_io(temporary_, "write");
    source += written;
    count -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) throw_io(temporary_, "flush");
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) throw_io(temporary_, "close");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_io(path_, "rename into place");
  temporary_.clear();  // nothing left to remove
  sync_folder_of(path_);
}

}  // namespace interlock
