#include "text/token_file.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "common/error.h"
#include "text/checksum.h"

namespace interlock::text {
namespace {

constexpr std::uint64_t kMagicBytes = sizeof kTokenFileMagic - 1;
static_assert(kMagicBytes % 8 == 0 && sizeof(TokenFileTrailer) == 80);

template <class Stored>
void widen(const unsigned char* bytes, std::int64_t count, std::int64_t* out) {
  const auto* stored = reinterpret_cast<const Stored*>(bytes);  // mapped at a multiple of its size
  for (std::int64_t i = 0; i < count; ++i) out[i] = stored[i];
}

// The mapping of a whole file; nullptr where it cannot be had.
const unsigned char* map(const std::string& path, std::uint64_t& size, std::string& problem) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    problem = errno == ENOENT ? "" : fmt::format("cannot open: {}", std::strerror(errno));
    return nullptr;
  }
  struct stat status {};
  void* bytes = MAP_FAILED;
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    size = static_cast<std::uint64_t>(status.st_size);
    bytes = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  }
  ::close(descriptor);
  if (bytes != MAP_FAILED) return static_cast<const unsigned char*>(bytes);
  problem = status.st_size > 0 ? fmt::format("cannot map: {}", std::strerror(errno)) : "it is empty";
  return nullptr;
}

}  // namespace

std::unique_ptr<TokenFile> TokenFile::open(const std::string& path, const std::string& key,
                                           std::string& problem) {
  std::uint64_t size = 0;
  const unsigned char* bytes = map(path, size, problem);
  if (bytes == nullptr) return nullptr;
  std::unique_ptr<TokenFile> file(new TokenFile(bytes, size));
  problem = file->problem(key);
  if (!problem.empty()) return nullptr;
  return file;
}

TokenFile::~TokenFile() {
  ::munmap(const_cast<unsigned char*>(bytes_), size_);
}

std::string TokenFile::problem(const std::string& key) {
  if (size_ < kMagicBytes + sizeof trailer_) return fmt::format("it has only {} bytes", size_);
  if (std::memcmp(bytes_, kTokenFileMagic, kMagicBytes) != 0) return "it does not start as a token file does";
  std::memcpy(&trailer_, bytes_ + size_ - sizeof trailer_, sizeof trailer_);
  if (trailer_.version != kTokenFileVersion) return fmt::format("it has version {}", trailer_.version);
  if (std::string(trailer_.key.data(), trailer_.key.size()) != key) return "it holds another text";
  // Before the sum, so that no product below can run over.
  if ((trailer_.width != 2 && trailer_.width != 4) || trailer_.tokens > size_ || trailer_.lines > size_) {
    return "its counts do not fit its size";
  }
  const std::uint64_t table = trailer_.lines > 0 ? (trailer_.lines + 1) * 8 : 0;
  const std::uint64_t expected =
      kMagicBytes + padded_token_bytes(trailer_.tokens, trailer_.width) + table + sizeof trailer_;
  if (expected != size_) return fmt::format("it has {} bytes instead of {}", size_, expected);
  ::madvise(const_cast<unsigned char*>(bytes_), size_, MADV_WILLNEED);
  Checksum checksum;
  checksum.update(bytes_, size_ - sizeof trailer_.checksum);
  if (checksum.value() != trailer_.checksum) return "its checksum does not fit";
  return lines_are_in_order() ? "" : "its lines do not lie within its tokens";
}

// A checksum can be made to fit; nothing that is read later may depend on whoever made the file.
bool TokenFile::lines_are_in_order() const {
  std::int64_t earlier = 1;  // an end_of_line() stands before the first line
  for (std::int64_t line = 0; lines() > 0 && line <= lines(); ++line) {
    const std::int64_t start = line_start(line);
    if (start < earlier || start > tokens()) return false;
    earlier = start;
  }
  return true;
}

void TokenFile::read(std::int64_t first, std::int64_t count, std::int64_t* out) const {
  INTERLOCK_CHECK(first >= 0 && count >= 0 && first <= tokens() - count,
                  fmt::format("{} from {} of {}", count, first, tokens()));
  const unsigned char* from = bytes_ + kMagicBytes + static_cast<std::uint64_t>(first) * trailer_.width;
  if (trailer_.width == 2) {
    widen<std::uint16_t>(from, count, out);
  } else {
    widen<std::uint32_t>(from, count, out);
  }
}

std::int64_t TokenFile::line_start(std::int64_t line) const {
  INTERLOCK_CHECK(line >= 0 && line <= lines() && lines() > 0, fmt::format("{} of {}", line, lines()));
  std::uint64_t start = 0;
  std::memcpy(&start,
              bytes_ + kMagicBytes + padded_token_bytes(trailer_.tokens, trailer_.width) +
                  static_cast<std::uint64_t>(line) * 8,
              sizeof start);
  return static_cast<std::int64_t>(start);
}

}  // namespace interlock::text
