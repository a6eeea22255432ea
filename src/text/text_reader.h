#pragma once
// Text files read one after the other, line by line, in memory that does not grow with them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace interlock::text {

inline constexpr std::size_t kMostPieceBytes = 64 * 1024;

// A line without its '\n', or a part of one that is too long.
struct Piece {
  std::string_view text;   // valid until the next call
  bool ends_line = false;  // also at the end of a file that lacks its last '\n'
};

class TextReader {
 public:
  // Longer lines are cut behind a white space, else between characters of UTF-8; where depends on the text
  // alone. REQUIRES most_bytes >= 4.
  explicit TextReader(std::vector<std::string> files, std::size_t most_bytes = kMostPieceBytes);
  ~TextReader();
  TextReader(const TextReader&) = delete;
  TextReader& operator=(const TextReader&) = delete;

  // False after the last piece. Errors: DataError with the file and the system's reason.
  bool next(Piece& piece);

  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  bool fill();  // more bytes behind those left; false at the end of the file
  bool open_next();
  [[nodiscard]] std::size_t cut() const;

  std::vector<std::string> files_;
  std::size_t most_bytes_;
  std::size_t next_file_ = 0;
  int descriptor_ = -1;
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;  // not initialised: a small file touches little of it
  std::size_t begin_ = 0;           // buffer_[begin_, end_) has been read and not handed out
  std::size_t end_ = 0;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace interlock::text
