#pragma once
// Faults on demand, for tests of what happens then. Off, and costing a look at a flag, unless the variable
//
//   INTERLOCK_TEST_FAULT=RANK:POINT:KIND[:COUNT][,...]
//
// is set: rank RANK (`*`: every rank) does KIND when it comes by POINT for the COUNTth time (from 1, the
// default).
//
//   kill, segv, abort, exit   the process ends: SIGKILL, SIGSEGV, SIGABRT, _exit(0) without a word
//   stop                      it freezes with all its threads (SIGSTOP)
//   hang                      only the thread that came by sleeps for ever
//   throw, memory             an exception: std::runtime_error, std::bad_alloc
//   term, usr1                the signal SIGTERM, SIGUSR1, to itself
//   drop, no_space, nan       told to the caller, which loses the message, finds the disk full, computes NaN
//
// docs/reliability.md lists the points. Errors: UsageError for a variable that cannot be understood.
// Threads: any.

namespace interlock {

enum class Fault { kNone, kDrop, kNoSpace, kNan };

// Does the fault that is due here now, or returns what the caller is to do.
Fault fault_point(const char* point);

}  // namespace interlock
