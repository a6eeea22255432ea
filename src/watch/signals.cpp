#include "watch/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/activity.h"

namespace interlock::watch {
namespace {

constexpr double kOneBurst = 0.5;
// Between ranks: messages take their time on a busy host.
constexpr double kOneBurstOfAll = 5;

sigset_t taken_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGUSR1, SIGTERM, SIGCONT}) sigaddset(&set, signal);
  return set;
}

extern "C" void note_and_die(int signal) {
  note_signal(signal);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  raise(signal);
}

}  // namespace

SignalMask::SignalMask() {
  const sigset_t set = taken_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);
}

int open_signals() {
  const sigset_t set = taken_signals();
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void note_crashes() {
  struct sigaction action {};
  action.sa_handler = note_and_die;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_ONSTACK;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(signal, &action, nullptr);
}

int OwnSignals::count(double now) {
  if (count_ == 0 || now - last_ >= kOneBurst) ++count_;
  last_ = now;
  return count_;
}

StopSignals::Meaning StopSignals::take(int count, double now) {
  if (!asked_) {
    asked_ = true;
    asked_at_ = now;
    return Meaning::kStop;
  }
  return count > 1 || now - asked_at_ >= kOneBurstOfAll ? Meaning::kNow : Meaning::kKnown;
}

}  // namespace interlock::watch
