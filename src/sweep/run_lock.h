#pragma once
// One process at a time works on a run: whoever holds the lock on its log. Children inherit the log as their
// output and the lock with it, so a run that outlives a killed sweep still counts as running. flock(2): also
// between the hosts of a cluster where its shared file system carries such locks.

#include <string>

namespace interlock::sweep {

// Opens `log` to append to, makes it where it is missing, and locks it. Returns a descriptor that is closed
// on exec, or -1 where another process has the lock. Errors: IoError.
int open_locked(const std::string& log);

// Does some process hold it? Never waits; false for a file that does not exist.
bool is_locked(const std::string& log);

}  // namespace interlock::sweep
