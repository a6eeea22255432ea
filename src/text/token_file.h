#pragma once
// A text as token numbers in one file, mapped into memory: pages are read when they are needed, and any
// number of processes share them.
//
//   magic 16 bytes | tokens, 2 or 4 bytes each | zeros up to a multiple of 8 | where lines start, 8 bytes
//   each and one more for the end (line files only) | trailer (TokenFileTrailer)
//
// The trailer ends the file because counts are only known then. Numbers are little-endian.

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace interlock::text {

inline constexpr char kTokenFileMagic[17] = "interlock-token\n";
inline constexpr std::uint32_t kTokenFileVersion = 1;

struct TokenFileTrailer {
  std::uint32_t version = kTokenFileVersion;
  std::uint32_t width = 0;  // bytes a token
  std::uint64_t tokens = 0;
  std::uint64_t lines = 0;                  // 0 in files without lines
  std::uint64_t vocabulary = 0;             // tokens are 0 .. vocabulary-1
  std::array<char, 32> key{};               // says what was tokenised how, see token_cache.cpp
  std::array<std::uint64_t, 2> checksum{};  // XXH3-128 of all bytes before it
};

// Immutable; any thread may read.
class TokenFile {
 public:
  // Nullptr where there is none with this key, undamaged; `problem` then says why, "" where no file exists.
  // Reads the whole file once, for its checksum.
  static std::unique_ptr<TokenFile> open(const std::string& path, const std::string& key,
                                         std::string& problem);

  ~TokenFile();
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;

  [[nodiscard]] std::int64_t tokens() const { return static_cast<std::int64_t>(trailer_.tokens); }
  [[nodiscard]] std::int64_t lines() const { return static_cast<std::int64_t>(trailer_.lines); }

  // Copies tokens `first` .. first+count-1. REQUIRES them to be there.
  void read(std::int64_t first, std::int64_t count, std::int64_t* out) const;

  // Where line 0 .. lines() starts; a line ends, with its end_of_line(), where the next one starts.
  [[nodiscard]] std::int64_t line_start(std::int64_t line) const;

 private:
  TokenFile(const unsigned char* bytes, std::uint64_t size) : bytes_(bytes), size_(size) {}
  [[nodiscard]] std::string problem(const std::string& key);
  [[nodiscard]] bool lines_are_in_order() const;

  const unsigned char* bytes_;
  std::uint64_t size_;
  TokenFileTrailer trailer_;
};

// Bytes of `tokens` tokens with what fills them up.
inline std::uint64_t padded_token_bytes(std::uint64_t tokens, std::uint64_t width) {
  return (tokens * width + 7) / 8 * 8;
}

}  // namespace interlock::text
