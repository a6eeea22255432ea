#pragma once
// Signals of a rank: those that stop a run are taken by its watch thread, those that kill it leave their
// number where the other ranks can read it.

#include <csignal>
#include <initializer_list>

namespace interlock::watch {

// Blocks SIGUSR1, SIGTERM and SIGCONT for this thread and all that it starts, and ignores SIGXFSZ, so that a
// file that grows too large is an error of write(). Make it before any thread; nothing is put back, because
// nothing else in a rank's process takes these signals.
class SignalMask {
 public:
  SignalMask();
};

// A descriptor to read the blocked signals from. The caller closes it.
int open_signals();

// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT are noted (common/activity.h) before they kill.
// After MPI_Init, whose own handlers it takes the place of.
void note_crashes();

// Counts the signals that ask for a stop. mpirun hands one signal to all ranks, so one request arrives many
// times, and not all at once.
class StopSignals {
 public:
  enum class Meaning {
    kStop,   // the first: stop after this step, with a checkpoint
    kKnown,  // the same again, from another rank
    kNow,    // a second one
  };
  // `count`: how many that rank has had so far, those close together counted as one.
  Meaning take(int count, double now);

 private:
  bool asked_ = false;
  double asked_at_ = 0;
};

// On each rank: its own signals, those close together counted as one.
class OwnSignals {
 public:
  int count(double now);  // one more has come

 private:
  int count_ = 0;
  double last_ = 0;
};

}  // namespace interlock::watch
