#pragma once
// Writes a token file from tokens that come a line at a time, in memory that does not grow with them.

#include <cstdint>
#include <string>
#include <vector>

#include "common/atomic_file.h"
#include "text/checksum.h"
#include "text/token_file.h"
#include "text/tokenizer.h"

namespace interlock::text {

// The file appears with commit(), or not at all. Errors: IoError.
class TokenWriter {
 public:
  // `key` has 32 characters.
  TokenWriter(const std::string& path, const std::string& key, std::int64_t vocabulary);
  ~TokenWriter();
  TokenWriter(const TokenWriter&) = delete;
  TokenWriter& operator=(const TokenWriter&) = delete;

  void append(const std::vector<Token>& tokens);
  void start_line();  // the next token is the first of a line; a file has lines or not
  void commit();

  [[nodiscard]] std::uint64_t tokens() const { return trailer_.tokens; }

 private:
  void write(const void* bytes, std::size_t count);
  void flush();
  void write_lines();

  std::string path_;
  AtomicFile file_;
  Checksum checksum_;
  TokenFileTrailer trailer_;
  std::vector<unsigned char> buffer_;
  std::vector<std::uint64_t> starts_;  // of lines, those not yet in spool_
  int spool_ = -1;                     // all earlier ones: a file without a name
};

}  // namespace interlock::text
