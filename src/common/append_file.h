#pragma once
// A file that only grows, for what a run can do without: log lines, events. Every write goes to the system at
// once, so what was written outlives the process.

#include <string>

namespace interlock {

// Owns the descriptor. Errors: none are thrown; write() says "" or, from the first failure on, why nothing is
// written any more. One thread an object.
class AppendFile {
 public:
  AppendFile() = default;
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // Makes the file, and its folder, where they are not there.
  std::string open(const std::string& path);
  std::string write(const std::string& bytes);
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

 private:
  std::string fail(const char* operation);

  std::string path_;
  std::string failure_;
  int descriptor_ = -1;
};

}  // namespace interlock
