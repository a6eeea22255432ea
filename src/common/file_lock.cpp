#include "common/file_lock.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock {

namespace {

// Some cluster file systems carry no such locks: then there is no protection, but things work.
bool has_no_locks(int reason) {
  return reason == ENOLCK || reason == ENOSYS || reason == EOPNOTSUPP || reason == EINVAL;
}

}  // namespace

int open_locked(const std::string& path) {
  constexpr int kMode = 0644;
  constexpr int kTries = 20;  // is_locked() of another process holds it for a moment
  constexpr auto kPause = std::chrono::milliseconds(10);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode);
  if (descriptor < 0) throw IoError(fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
  for (int i = 0; i < kTries; ++i) {
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || has_no_locks(errno)) return descriptor;
    std::this_thread::sleep_for(kPause);
  }
  ::close(descriptor);
  return -1;
}

bool is_locked(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool locked = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return locked;
}

}  // namespace interlock
