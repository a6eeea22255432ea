// The watch thread once all ranks are done: MPI is being left, and the engine is no longer touched.

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "common/clock.h"
#include "watch/last_line.h"
#include "watch/watcher.h"

namespace interlock::watch {

void Watcher::wait_for_end() {
  constexpr int kMilliseconds = 1000;
  pollfd waited{wake_descriptor_, POLLIN, 0};
  eventfd_t ignored = 0;
  if (poll(&waited, 1, kMilliseconds) > 0) eventfd_read(wake_descriptor_, &ignored);
}

// Where leaving takes too long, there is nobody left to ask.
void Watcher::watch_closing() {
  Limits limits;
  {
    const std::lock_guard lock(mutex_);
    limits = limits_;
  }
  const double start = monotonic_seconds();
  while (!finished_) {
    wait_for_end();
    const double seconds = monotonic_seconds() - start;
    if (limits.step > 0 && seconds > limits.step) {
      const std::string line = fmt::format(
          "interlock: error: rank {} has waited {:.0f} s for the other ranks to leave, with all work done",
          own_, seconds);
      if (hand_over_last_line(static_cast<int>(ExitCode::kHang), line) == HandedOver::kNoFile)
        print_last_line(line);
      _exit(static_cast<int>(ExitCode::kHang));
    }
  }
}

}  // namespace interlock::watch
