#pragma once
// Other processes of this host, as far as the kernel tells.

#include <optional>

namespace interlock::watch {

// A descriptor that poll() finds readable when the process is gone; -1 where there is no such process, or the
// kernel has no such descriptors. The caller closes it.
int open_process(int pid);

// How it ended, as wait() tells it; nothing where the kernel does not say.
std::optional<int> wait_status_of(int process_descriptor, int pid);

// Stopped by SIGSTOP, or by a debugger.
bool is_stopped(int pid);

// Whether that process is mpirun or its likes: a signal from there means that the job is being ended.
bool is_launcher(int pid);

}  // namespace interlock::watch
