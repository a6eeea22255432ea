#pragma once
// Reads a file from start to end, unpacking it where it is gzip. No torch.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace interlock::data {

// Owns the open file. Offsets count unpacked bytes.
class GzipReader {
 public:
  // Errors: DataError where the file is missing or unreadable.
  explicit GzipReader(std::string path);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // The next `count` bytes. Memory grows with what the file really holds, whatever `count` a header claims.
  // Errors: DataError where the file ends early or its gzip data are damaged.
  std::vector<std::uint8_t> read(std::uint64_t count);

  // Errors: DataError where anything follows, or where gzip's checksum does not fit.
  void expect_end();

  [[noreturn]] void fail(std::uint64_t at, const std::string& problem) const;
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

 private:
  std::size_t read_some(std::uint8_t* bytes, std::size_t count);

  std::string path_;
  void* file_ = nullptr;  // zlib's gzFile, whose header stays in the .cpp
  std::uint64_t offset_ = 0;
};

}  // namespace interlock::data
