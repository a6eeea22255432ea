#pragma once
// What there is on this host, measured; judge.h says what to make of it. Nothing here fails: what cannot be
// found out is -1 or empty.

#include <cstdint>
#include <string>
#include <vector>

namespace interlock::tools {

struct Machine {
  std::string host, system, processor;
  int processors = 0;            // of the host
  int allowed = 0;               // that this process may run on
  double quota = -1;             // of the control group, in processors; -1: none
  std::int64_t memory = -1;      // bytes
  std::int64_t available = -1;   // bytes
  std::int64_t memory_cap = -1;  // of the control group; -1: none
  std::string clock;             // the kernel's clock source
};
Machine look_at_machine();

inline constexpr std::int64_t kUnlimited = -2;
struct Limits {
  std::int64_t files = -1, processes = -1, locked_bytes = -1, stack_bytes = -1, address_bytes = -1,
               file_bytes = -1;  // soft limits; kUnlimited where there is none
  bool infiniband = false;
};
Limits look_at_limits();

struct Space {
  std::string path;
  bool there = false;
  bool writable = false;
  std::int64_t bytes = -1;  // in all
  std::int64_t free = -1;   // for this user
};
Space look_at_space(const std::string& path);  // of the nearest folder that exists

int ptrace_scope();  // of Yama; -1: none

std::string cache_folder();
std::string temporary_folder();  // where Open MPI keeps its sessions
std::string variable(const char* name);

// A program's path as a shell would find it, "" if it does not.
std::string find_in_path(const std::string& program);

}  // namespace interlock::tools
