#include "text/cache_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"

namespace interlock::text {
namespace {

// An advisory lock on "<path>.lock" for as long as this lives; held() is false where it cannot be had. The
// file stays: removing it would let two processes hold locks on two files of that name.
class BuildLock {
 public:
  explicit BuildLock(const std::string& path)
      : descriptor_(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) return;
    int failed = 0;
    do {
      failed = ::flock(descriptor_, LOCK_EX);
    } while (failed != 0 && errno == EINTR);
    held_ = failed == 0;
  }
  ~BuildLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  BuildLock(const BuildLock&) = delete;
  BuildLock& operator=(const BuildLock&) = delete;

  [[nodiscard]] bool held() const { return held_; }

 private:
  int descriptor_;
  bool held_ = false;
};

void build_and_rename(const std::string& path, bool alone,
                      const std::function<void(const std::string&)>& build) {
  if (alone) {
    build(path);
    return;
  }
  const std::string target = fmt::format("{}.{}-{:08x}", path, ::getpid(), std::random_device()());
  build(target);
  if (std::rename(target.c_str(), path.c_str()) != 0) {
    throw IoError(fmt::format("{}: cannot rename into place: {}", path, std::strerror(errno)));
  }
}

}  // namespace

std::string cache_folder(const std::string& configured) {
  if (!configured.empty()) return configured;
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string base = variable("XDG_CACHE_HOME"); !base.empty()) return base + "/interlock";
  if (const std::string home = variable("HOME"); !home.empty()) return home + "/.cache/interlock";
  throw IoError("no folder for tokenised text: HOME is not set; set data.cache");
}

void build_once(const std::string& path, const std::function<bool()>& is_there,
                const std::function<void(const std::string& target)>& build) {
  try {
    make_directories(std::filesystem::path(path).parent_path().string());
    const BuildLock lock(path);
    if (!is_there()) build_and_rename(path, lock.held(), build);
  } catch (const IoError& error) {
    throw IoError(fmt::format("{}; data.cache says which folder keeps tokenised text", error.what()));
  }
}

}  // namespace interlock::text
