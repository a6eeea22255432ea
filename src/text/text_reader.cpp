#include "text/text_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "text/white_space.h"

namespace interlock::text {
namespace {

constexpr std::size_t kBlockBytes = 1 << 20;

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

TextReader::TextReader(std::vector<std::string> files, std::size_t most_bytes)
    : files_(std::move(files)), most_bytes_(most_bytes), capacity_(kBlockBytes + most_bytes + 1) {
  INTERLOCK_CHECK(most_bytes >= 4, fmt::format("{}", most_bytes));
  buffer_.reset(new char[capacity_]);
}

TextReader::~TextReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool TextReader::open_next() {
  if (next_file_ == files_.size()) return false;
  const std::string& path = files_[next_file_++];
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw DataError(fmt::format("{}: cannot open: {}", path, std::strerror(errno)));
  return true;
}

bool TextReader::fill() {
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  ssize_t got = 0;
  do {
    got = ::read(descriptor_, buffer_.get() + end_, std::min(kBlockBytes, capacity_ - end_));
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    throw DataError(fmt::format("{}: cannot read: {}", files_[next_file_ - 1], std::strerror(errno)));
  }
  end_ += static_cast<std::size_t>(got);
  bytes_read_ += static_cast<std::uint64_t>(got);
  return got > 0;
}

// How much of a line that is too long goes into one piece.
std::size_t TextReader::cut() const {
  const std::string_view window(buffer_.get() + begin_, most_bytes_);
  for (std::size_t size = most_bytes_; size > 0; --size) {
    if (is_white_space(window[size - 1])) return size;
  }
  std::size_t size = most_bytes_;
  while (size > most_bytes_ - 4 && continues_character(buffer_[begin_ + size])) --size;
  return size > 0 ? size : most_bytes_;
}

bool TextReader::next(Piece& piece) {
  for (;;) {
    if (descriptor_ < 0 && !open_next()) return false;
    const char* start = buffer_.get() + begin_;
    const std::size_t ready = end_ - begin_;
    const std::size_t window = std::min(ready, most_bytes_ + 1);
    if (const void* newline = std::memchr(start, '\n', window)) {
      const auto size = static_cast<std::size_t>(static_cast<const char*>(newline) - start);
      piece = {{start, size}, true};
      begin_ += size + 1;
      return true;
    }
    if (window == most_bytes_ + 1) {
      piece = {{start, cut()}, false};
      begin_ += piece.text.size();
      return true;
    }
    if (fill()) continue;
    ::close(descriptor_);
    descriptor_ = -1;
    if (ready == 0) continue;
    piece = {{buffer_.get() + begin_, end_ - begin_}, true};
    begin_ = end_ = 0;
    return true;
  }
}

}  // namespace interlock::text
