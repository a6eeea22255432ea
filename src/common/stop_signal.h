#pragma once
// A request to stop, by SIGUSR1, SIGTERM or SIGINT, for a process that has no ranks beside it (those have
// src/watch).

namespace interlock {

// From now on the first of these signals is a request; the next one ends the process at once, as signals do.
void catch_stop_signals();

[[nodiscard]] bool stop_requested();

}  // namespace interlock
