#pragma once
// One command as a child process in a process group of its own: signals from the terminal reach it through us
// alone.

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace interlock::sweep {

class ChildProcess {
 public:
  // Output goes to `descriptor` (borrowed), input is empty. The child starts with no signal blocked, and gets
  // SIGTERM when this process dies. Where the command cannot be run, the reason is written to `descriptor`
  // and the exit code is 127. Errors: IoError where not even a process can be made.
  ChildProcess(const std::vector<std::string>& command, int descriptor);

  // Its exit code once it has ended, 128 + n for signal n; never waits.
  [[nodiscard]] std::optional<int> poll();
  void signal(int number) const;  // to its whole group

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace interlock::sweep
