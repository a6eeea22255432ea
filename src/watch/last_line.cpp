#include "watch/last_line.h"

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace interlock::watch {
namespace {

bool write_all(int file, const std::string& text) {
  return ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

HandedOver hand_over_last_line(int code, const std::string& line) {
  const char* const path = std::getenv("INTERLOCK_FAILURE_FILE");
  if (path == nullptr) return HandedOver::kNoFile;
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);  // never made here: it is the script's
  if (file < 0) return HandedOver::kNoFile;
  struct stat found {};
  const bool taken = ::fstat(file, &found) == 0 && found.st_size > 0;
  const bool written = !taken && write_all(file, fmt::format("{}\n{}\n", code, line));
  ::close(file);
  if (taken) return HandedOver::kTooLate;
  return written ? HandedOver::kYes : HandedOver::kNoFile;
}

void print_last_line(const std::string& line) {
  static_cast<void>(write_all(STDERR_FILENO, line + "\n"));
}

}  // namespace interlock::watch
