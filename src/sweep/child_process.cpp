#include "sweep/child_process.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::sweep {
namespace {

constexpr int kCannotStart = 127;  // as shells have it

// Between fork and exec: system calls alone.
[[noreturn]] void become(char* const* words, const char* problem, int descriptor, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kCannotStart);  // it died before we asked to be told
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int input = ::open("/dev/null", O_RDONLY);
  if (input >= 0) ::dup2(input, STDIN_FILENO);
  ::dup2(descriptor, STDOUT_FILENO);
  ::dup2(descriptor, STDERR_FILENO);
  ::execvp(words[0], words);
  const char* const reason = ::strerrordesc_np(errno);
  for (const char* part : {problem, reason != nullptr ? reason : "unknown error", "\n"}) {
    if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  }
  ::_exit(kCannotStart);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command, int descriptor) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const std::string problem = fmt::format("interlock: error: cannot start {}: ", command.at(0));
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw IoError(fmt::format("cannot start {}: {}", command[0], std::strerror(errno)));
  if (pid_ == 0) become(words.data(), problem.c_str(), descriptor, parent);
  ::setpgid(pid_, pid_);  // here too: signal() must not come before the child has done it
}

std::optional<int> ChildProcess::poll() {
  if (exit_code_) return exit_code_;
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  constexpr int kSignalled = 128;
  if (ended < 0) {
    exit_code_ = kCannotStart;  // somebody else took its status
  } else {
    exit_code_ = WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
  }
  return exit_code_;
}

void ChildProcess::signal(int number) const {
  if (!exit_code_) ::kill(-pid_, number);
}

}  // namespace interlock::sweep
