#pragma once
// One process at a time: whoever holds the lock on a file. It is let go when its process ends, however that
// happens; children that inherit the descriptor keep it. flock(2): also between the hosts of a cluster where
// its shared file system carries such locks.

#include <string>

namespace interlock {

// Opens `path` to append to, makes it where it is missing, and locks it. Returns a descriptor that is closed
// on exec, or -1 where another process has the lock. Errors: IoError.
int open_locked(const std::string& path);

// Does some process hold it? Never waits; false for a file that does not exist.
bool is_locked(const std::string& path);

}  // namespace interlock
