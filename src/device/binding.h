#pragma once
// Which cores the threads of this process may run on.

#include <string>

namespace interlock::device {

enum class Bind { kAuto, kNone, kCores, kNuma };

// What a rank is, among the workers of its host.
struct LocalRank {
  int index = 0;
  int count = 1;
  std::string pci_address;  // of its GPU; empty: it has none
};

// Binds all threads of this process, and those they will start:
//   kCores  to a share of the host's cores, as many for each worker; not where there are more workers than
//           cores, which then have to share them as the kernel sees fit
//   kNuma   to the cores near its GPU; without one to a NUMA node, taken in turn
//   kAuto   kNuma with a GPU, else kNone
// A launcher that has bound the process knows better: then nothing is done. Nor where the machine does not
// say what is near to what. Returns what was done and why, for the log: "bound to cores 0-7, near its GPU".
std::string bind_process(Bind how, const LocalRank& rank);

}  // namespace interlock::device
