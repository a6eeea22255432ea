#include "common/fault_point.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <fcntl.h>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "common/clock.h"
#include "common/error.h"

namespace interlock {
namespace {

struct PlannedFault {
  std::string point, kind;
  long count = 1;
  std::atomic<long> passed{0};
};

constexpr std::array<const char*, 13> kKinds = {"kill", "segv",     "abort",  "exit", "stop",
                                                "hang", "throw",    "memory", "term", "usr1",
                                                "drop", "no_space", "nan"};

std::string own_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* rank = std::getenv(name)) return rank;
  }
  return "0";
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

[[noreturn]] void refuse(const std::string& text) {
  throw UsageError(fmt::format("INTERLOCK_TEST_FAULT={}: expected RANK:POINT:KIND[:COUNT], with a KIND of {}",
                               text, fmt::join(kKinds, ", ")));
}

// Those of this rank. A deque: atomics do not move.
std::deque<PlannedFault>& planned() {
  static std::deque<PlannedFault> faults = [] {
    std::deque<PlannedFault> found;
    const char* const given = std::getenv("INTERLOCK_TEST_FAULT");
    for (const std::string& text : split(given == nullptr ? "" : given, ',')) {
      const std::vector<std::string> parts = split(text, ':');
      if (parts.size() < 3 || parts.size() > 4) refuse(text);
      bool known = false;
      for (const char* kind : kKinds) known = known || parts[2] == kind;
      const long count = parts.size() == 4 ? std::atol(parts[3].c_str()) : 1;
      if (!known || count < 1) refuse(text);
      if (parts[0] != "*" && parts[0] != own_rank()) continue;
      PlannedFault& fault = found.emplace_back();
      fault.point = parts[1];
      fault.kind = parts[2];
      fault.count = count;
    }
    return found;
  }();
  return faults;
}

// Tests ask whether the fault came, and when: a line "RANK POINT KIND SECONDS" in the file that this names.
void log_fault(const PlannedFault& fault) {
  const char* const path = std::getenv("INTERLOCK_TEST_FAULT_LOG");
  if (path == nullptr) return;
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  dprintf(file, "%s %s %s %.3f\n", own_rank().c_str(), fault.point.c_str(), fault.kind.c_str(),
          monotonic_seconds());
  ::close(file);
}

Fault carry_out(const std::string& kind) {
  if (kind == "kill") raise(SIGKILL);
  if (kind == "segv") raise(SIGSEGV);
  if (kind == "abort") std::abort();
  if (kind == "exit") _exit(0);
  if (kind == "stop") raise(SIGSTOP);
  if (kind == "term") kill(getpid(), SIGTERM);
  if (kind == "usr1") kill(getpid(), SIGUSR1);
  if (kind == "throw") throw std::runtime_error("a fault that a test asked for");
  if (kind == "memory") throw std::bad_alloc();
  while (kind == "hang") sleep(1000);
  if (kind == "drop") return Fault::kDrop;
  if (kind == "no_space") return Fault::kNoSpace;
  return kind == "nan" ? Fault::kNan : Fault::kNone;
}

}  // namespace

Fault fault_point(const char* point) {
  static const bool any = !planned().empty();
  if (!any) return Fault::kNone;
  for (PlannedFault& fault : planned()) {
    if (fault.point != point || ++fault.passed != fault.count) continue;
    log_fault(fault);
    const Fault told = carry_out(fault.kind);
    if (told != Fault::kNone) return told;
  }
  return Fault::kNone;
}

}  // namespace interlock
