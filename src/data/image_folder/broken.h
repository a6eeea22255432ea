#pragma once
// The image files that could not be read so far: skipped up to a limit. No torch.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace interlock::data {

// Any thread may call.
class BrokenFiles {
 public:
  explicit BrokenFiles(std::int64_t limit) : limit_(limit) {}

  [[nodiscard]] bool contains(const std::string& path) const;

  // Warns about a file the first time. Errors: DataError naming the files (the first few) once there are more
  // than the limit.
  void add(const std::string& path, const std::string& reason);

 private:
  const std::int64_t limit_;  // data.broken_limit
  mutable std::mutex mutex_;
  std::map<std::string, std::string> reasons_;  // by path
};

}  // namespace interlock::data
