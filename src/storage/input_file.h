#pragma once
// A binary file for a reader that trusts nothing in it.

#include <cstddef>
#include <cstdint>
#include <string>

namespace interlock::storage {

// DataError "<path>: byte <offset>: <problem>". All messages about a file's content go through here.
[[noreturn]] void fail_at(const std::string& path, std::uint64_t offset, const std::string& problem);

// What to do where the last part of a path is a symbolic link. What a checkpoint names must be in its folder.
enum class Links { kFollow, kRefuse };

// Owns the file descriptor.
class InputFile {
 public:
  // Errors: DataError where the file is missing, unreadable or not a regular file.
  explicit InputFile(std::string path, Links links = Links::kFollow);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // Reads exactly `count` bytes. Errors: DataError where the file ends before that or a read fails.
  void read(void* bytes, std::size_t count);
  void go_to(std::uint64_t offset);  // the next byte to be read

  [[noreturn]] void fail(std::uint64_t at, const std::string& problem) const { fail_at(path_, at, problem); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }  // of the next byte to be read

 private:
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace interlock::storage
