#include "common/stop_signal.h"

#include <array>
#include <csignal>

namespace interlock {
namespace {

constexpr std::array<int, 3> kSignals = {SIGUSR1, SIGTERM, SIGINT};
volatile std::sig_atomic_t requested = 0;

void remember(int /*signal*/) {
  requested = 1;
  for (const int each : kSignals) std::signal(each, SIG_DFL);
}

}  // namespace

void catch_stop_signals() {
  for (const int each : kSignals) std::signal(each, remember);
}

bool stop_requested() {
  return requested != 0;
}

}  // namespace interlock
