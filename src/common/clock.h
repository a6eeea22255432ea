#pragma once
// Wall, processor and rusage clocks, all in seconds.

namespace interlock {

double monotonic_seconds();
double wall_seconds();         // since 1970, to the millisecond: for people, and for files that others read
double process_cpu_seconds();  // user + system time of all threads of this process
double peak_resident_mebibytes();

}  // namespace interlock
