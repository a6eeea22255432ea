#include "watch/process.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include "common/files.h"

namespace interlock::watch {
namespace {

// The kernel's struct pidfd_info (since 6.13; with the exit status since 6.15), newer than our headers.
struct ProcessInfo {
  std::uint64_t mask = 0;
  std::uint64_t cgroup = 0;
  std::uint32_t ids[11] = {};
  std::int32_t exit_code = 0;
};
static_assert(sizeof(ProcessInfo) == 64);
constexpr std::uint64_t kExitInfo = 1U << 3;
constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, ProcessInfo);

// The fields of /proc/PID/stat after the name, which may hold blanks itself.
std::string stat_of(int pid) {
  std::string content;
  std::string reason;
  if (!read_file(fmt::format("/proc/{}/stat", pid), content, reason)) return "";
  const std::size_t end = content.rfind(") ");
  return end == std::string::npos ? "" : content.substr(end + 2);
}

}  // namespace

int open_process(int pid) {
  return pid <= 0 ? -1 : static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

std::optional<int> wait_status_of(int process_descriptor, int pid) {
  ProcessInfo info;
  info.mask = kExitInfo;
  if (ioctl(process_descriptor, kGetInfo, &info) == 0 && (info.mask & kExitInfo) != 0) return info.exit_code;
  // Not yet waited for by its parent: the last field but none.
  const std::string stat = stat_of(pid);
  if (stat.empty() || stat[0] != 'Z') return std::nullopt;
  const std::size_t last = stat.find_last_of(' ');
  return last == std::string::npos ? std::nullopt : std::optional<int>(std::atoi(stat.c_str() + last));
}

bool is_stopped(int pid) {
  const std::string stat = stat_of(pid);
  return !stat.empty() && (stat[0] == 'T' || stat[0] == 't');
}

bool is_launcher(int pid) {
  std::string name;
  std::string reason;
  if (pid <= 0 || !read_file(fmt::format("/proc/{}/comm", pid), name, reason)) return false;
  for (const char* known : {"mpirun", "mpiexec", "orterun", "orted", "prterun", "prte", "prted"}) {
    if (name == std::string(known) + "\n") return true;
  }
  return false;
}

}  // namespace interlock::watch
