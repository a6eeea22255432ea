#pragma once
// Runs commands as child processes, several at a time, until all have ended or a signal says stop. Knows
// nothing of training. Call from the main thread of a process that has no other threads yet: it forks and
// waits for signals.

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace interlock::sweep {

struct Job {
  int id = 0;
  int cost = 1;  // of the pool's capacity
  std::vector<std::string> command;
  std::string log;  // its output is appended here; the file is locked meanwhile (common/file_lock.h)
};

struct JobEnd {
  int exit_code = 0;  // of the process; 128 + n where signal n killed it; 127 where it could not be started
  bool busy = false;  // not started: another process holds the log
  std::uintmax_t log_start = 0;  // size of the log before it
};

struct JobEvents {
  std::function<void(const Job&)> started;
  // May return a job that must follow; it starts before others.
  std::function<std::optional<Job>(const Job&, const JobEnd&)> ended;
};

// Runs `jobs` in order: the next one starts when its cost fits beside those under way, or nothing is under
// way. SIGINT and SIGTERM end it: children get SIGTERM, and SIGKILL after `grace_seconds` or at a second
// signal; jobs that a signal ended are not reported as ended. If this process dies, its children get SIGTERM.
// Returns false where it was stopped. Errors: IoError, from the log of a job; children under way are stopped
// first.
bool run_jobs(std::deque<Job> jobs, int capacity, const JobEvents& events, double grace_seconds = 10);

}  // namespace interlock::sweep
