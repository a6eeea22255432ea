#pragma once
// What every fuzz target shares: the errors that a reader may throw, and files for readers that want a path.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "common/error.h"

namespace interlock::fuzz {

// Runs a reader on untrusted bytes. Its promise is to return or to throw one of these three; anything else,
// BrokenInvariant and bad_alloc included, ends the program, which libFuzzer reports with the input.
template <class Read>
int expect_promised_errors(Read&& read) noexcept {
  try {
    read();
  } catch (const UsageError&) {
  } catch (const DataError&) {
  } catch (const IoError&) {
  }
  return 0;
}

// For what must hold whatever the input.
inline void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// A folder under TMPDIR that lives as long as the process, unless that crashes.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "interlock-fuzz-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  // Returns the file's path.
  std::string write(const std::string& name, const std::string& content) const {
    std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::string write(const std::string& name, const std::uint8_t* data, std::size_t size) const {
    return write(name, text_of(data, size));
  }

 private:
  std::string path_;
};

}  // namespace interlock::fuzz
