#pragma once
// The three kinds of error, and the exit code each leads to. Throw anywhere; caught once, in main().

#include <stdexcept>
#include <string>

namespace interlock {

// What the shell sees (docs/config.md, "Exit codes"). Always below 128, so that no code looks like a signal.
enum class ExitCode : int {
  kOk = 0,
  kInternal = 1,  // broken invariant in a single process: a bug of ours
  kUsage = 2,     // command line or config
  kData = 3,      // data set or checkpoint
  kIo = 4,        // disk full, read-only, no permission
  kPeerDied = 5,  // a rank failed: exception, out of memory, lost connection
  kHang = 6,
  kRequeue = 75,  // stopped by signal after a checkpoint
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& what) : std::runtime_error(what), code_(code) {}
  [[nodiscard]] ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// 1. The user's mistake: the text says what is wrong, where, and what to do.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& what) : Error(ExitCode::kUsage, what) {}
};
class DataError : public Error {
 public:
  explicit DataError(const std::string& what) : Error(ExitCode::kData, what) {}
};
class IoError : public Error {
 public:
  explicit IoError(const std::string& what) : Error(ExitCode::kIo, what) {}
};

// 2. A peer or the transport: the text names rank, peer, tag and operation.
class PeerError : public Error {
 public:
  explicit PeerError(const std::string& what) : Error(ExitCode::kPeerDied, what) {}
};

// 3. A broken invariant: our bug. The text holds both values.
class BrokenInvariant : public Error {
 public:
  explicit BrokenInvariant(const std::string& what) : Error(ExitCode::kInternal, what) {}
};

[[noreturn]] void throw_broken_invariant(const char* condition, const char* file, int line,
                                         const std::string& detail);

}  // namespace interlock

// INTERLOCK_CHECK(a == b, fmt::format("a {} b {}", a, b)): the detail is only built on failure.
#define INTERLOCK_CHECK(condition, detail)                                                           \
  do {                                                                                               \
    if (!(condition)) ::interlock::throw_broken_invariant(#condition, __FILE__, __LINE__, (detail)); \
  } while (false)
