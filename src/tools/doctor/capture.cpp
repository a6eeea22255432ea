#include "tools/doctor/capture.h"

#include <array>
#include <chrono>
#include <csignal>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

#include "common/clock.h"
#include "common/error.h"
#include "sweep/child_process.h"

namespace interlock::tools {
namespace {

constexpr std::size_t kMostOutput = std::size_t{1} << 20;
constexpr auto kPause = std::chrono::milliseconds(5);

// Memory that the child writes to as to a file: nothing to read while it runs, nothing left behind.
int make_output() {
  const int descriptor = ::memfd_create("output", MFD_CLOEXEC);
  if (descriptor < 0) throw IoError("cannot make room for a program's output");
  return descriptor;
}

}  // namespace

class Question::Child {
 public:
  explicit Child(const std::vector<std::string>& command)
      : output_(make_output()), process_(command, output_), start_(monotonic_seconds()) {}
  ~Child() {
    if (!process_.poll()) process_.signal(SIGKILL);
    ::close(output_);
  }

  Answer wait(double seconds) {
    Answer answer;
    while (!process_.poll() && monotonic_seconds() - start_ < seconds) std::this_thread::sleep_for(kPause);
    if (!process_.poll()) {
      answer.timed_out = true;
      end();
    }
    answer.exit_code = process_.poll().value_or(0);
    answer.output = read_all();
    return answer;
  }

 private:
  // mpirun takes its ranks along if it is asked to; a stuck one must go all the same.
  void end() {
    constexpr double kPatience = 3;
    process_.signal(SIGTERM);
    const double asked = monotonic_seconds();
    while (!process_.poll() && monotonic_seconds() - asked < kPatience) std::this_thread::sleep_for(kPause);
    process_.signal(SIGKILL);
    while (!process_.poll()) std::this_thread::sleep_for(kPause);
  }

  [[nodiscard]] std::string read_all() const {
    std::string all;
    std::array<char, 4096> buffer{};
    while (all.size() < kMostOutput) {
      const ssize_t got = ::pread(output_, buffer.data(), buffer.size(), static_cast<off_t>(all.size()));
      if (got <= 0) break;
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  int output_;
  sweep::ChildProcess process_;
  double start_;
};

Question::Question(const std::vector<std::string>& command) : child_(std::make_unique<Child>(command)) {}
Question::~Question() = default;
Answer Question::wait(double seconds) {
  return child_->wait(seconds);
}

}  // namespace interlock::tools
