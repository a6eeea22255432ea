#include "text/token_writer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <stdlib.h>
#include <unistd.h>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::text {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;
constexpr std::size_t kBufferedStarts = kBufferBytes / sizeof(std::uint64_t);

[[noreturn]] void throw_io(const std::string& path, const char* operation) {
  throw IoError(fmt::format("{}: cannot {} the list of lines: {}", path, operation, std::strerror(errno)));
}

// Beside `path`, where there is room for as much; gone when it is closed.
int open_spool(const std::string& path) {
  std::string name = path + ".lines-XXXXXX";
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) throw_io(name, "create");
  ::unlink(name.c_str());
  return descriptor;
}

void write_fully(int descriptor, const void* bytes, std::size_t count, const std::string& path) {
  const auto* from = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(descriptor, from, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_io(path, "write");
    from += written;
    count -= static_cast<std::size_t>(written);
  }
}

}  // namespace

TokenWriter::TokenWriter(const std::string& path, const std::string& key, std::int64_t vocabulary)
    : path_(path), file_(path) {
  INTERLOCK_CHECK(key.size() == trailer_.key.size(), key);
  std::copy(key.begin(), key.end(), trailer_.key.begin());
  trailer_.vocabulary = static_cast<std::uint64_t>(vocabulary);
  trailer_.width = vocabulary <= std::numeric_limits<std::uint16_t>::max() + 1 ? 2 : 4;
  buffer_.reserve(kBufferBytes + sizeof(Token));
  write(kTokenFileMagic, sizeof kTokenFileMagic - 1);
}

TokenWriter::~TokenWriter() {
  if (spool_ >= 0) ::close(spool_);
}

void TokenWriter::write(const void* bytes, std::size_t count) {
  checksum_.update(bytes, count);
  file_.write(bytes, count);
}

void TokenWriter::flush() {
  write(buffer_.data(), buffer_.size());
  buffer_.clear();
}

void TokenWriter::append(const std::vector<Token>& tokens) {
  for (const Token token : tokens) {
    INTERLOCK_CHECK(token >= 0 && static_cast<std::uint64_t>(token) < trailer_.vocabulary,
                    fmt::format("token {} of {}", token, trailer_.vocabulary));
    const auto number = static_cast<std::uint32_t>(token);
    const auto* bytes = reinterpret_cast<const unsigned char*>(&number);  // little-endian: low half first
    buffer_.insert(buffer_.end(), bytes, bytes + trailer_.width);
    if (buffer_.size() >= kBufferBytes) flush();
  }
  trailer_.tokens += tokens.size();
}

void TokenWriter::start_line() {
  starts_.push_back(trailer_.tokens);
  ++trailer_.lines;
  if (starts_.size() < kBufferedStarts) return;
  if (spool_ < 0) spool_ = open_spool(path_);
  write_fully(spool_, starts_.data(), starts_.size() * sizeof starts_[0], path_);
  starts_.clear();
}

void TokenWriter::write_lines() {
  if (spool_ >= 0) {
    if (::lseek(spool_, 0, SEEK_SET) != 0) throw_io(path_, "read");
    std::array<char, 64 * 1024> block{};
    for (;;) {
      const ssize_t got = ::read(spool_, block.data(), block.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw_io(path_, "read");
      if (got == 0) break;
      write(block.data(), static_cast<std::size_t>(got));
    }
  }
  starts_.push_back(trailer_.tokens);
  write(starts_.data(), starts_.size() * sizeof starts_[0]);
}

void TokenWriter::commit() {
  flush();
  const std::array<char, 8> zeros{};
  write(zeros.data(), padded_token_bytes(trailer_.tokens, trailer_.width) - trailer_.tokens * trailer_.width);
  if (trailer_.lines > 0) write_lines();
  write(&trailer_, sizeof trailer_ - sizeof trailer_.checksum);
  trailer_.checksum = checksum_.value();
  file_.write(&trailer_.checksum, sizeof trailer_.checksum);
  file_.commit();
}

}  // namespace interlock::text
