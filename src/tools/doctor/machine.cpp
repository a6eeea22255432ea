#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "tools/doctor/system_facts.h"

namespace interlock::tools {
namespace {

std::string first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The value of "key : value" or "key: value" in a file of such lines.
std::string field(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const std::size_t colon = line.find(':');
    const std::size_t value = colon == std::string::npos ? colon : line.find_first_not_of(" \t", colon + 1);
    if (value != std::string::npos) return line.substr(value);
  }
  return "";
}

std::int64_t kibibytes(const std::string& key) {
  const std::string value = field("/proc/meminfo", key);
  return value.empty() ? -1 : std::strtoll(value.c_str(), nullptr, 10) * 1024;
}

// The folder of this process's control group, of version 2 or of one of version 1's controllers.
std::string group_file(const std::string& controller, const std::string& file) {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream parts(line);
    std::string number, controllers, path;
    std::getline(parts, number, ':');
    std::getline(parts, controllers, ':');
    std::getline(parts, path);
    const bool second = controllers.empty();
    if (!second && ("," + controllers + ",").find("," + controller + ",") == std::string::npos) continue;
    const std::string root = second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + controllers;
    // In a container the path seen from outside may not be there; the root is then the own group.
    for (const std::string& folder : {root + path, root}) {
      if (std::ifstream(folder + "/" + file)) return folder + "/" + file;
    }
  }
  return "";
}

double cpu_quota() {
  std::istringstream both(first_line_of(group_file("cpu", "cpu.max")));
  double quota = -1, period = 0;
  if (both >> quota >> period && period > 0) return quota / period;
  const std::string old_quota = first_line_of(group_file("cpu", "cpu.cfs_quota_us"));
  const std::string old_period = first_line_of(group_file("cpu", "cpu.cfs_period_us"));
  quota = std::atof(old_quota.c_str());
  period = std::atof(old_period.c_str());
  return quota > 0 && period > 0 ? quota / period : -1;
}

std::int64_t memory_cap(std::int64_t memory) {
  for (const char* file : {"memory.max", "memory.limit_in_bytes"}) {
    const std::string text = first_line_of(group_file("memory", file));
    const std::int64_t cap = std::atoll(text.c_str());
    if (cap > 0 && (memory < 0 || cap < memory)) return cap;
  }
  return -1;
}

}  // namespace

Machine look_at_machine() {
  Machine machine;
  utsname names{};
  if (::uname(&names) == 0) {
    machine.host = names.nodename;
    machine.system = fmt::format("{} {}", names.sysname, names.release);
  }
  std::ifstream release("/etc/os-release");
  for (std::string line; std::getline(release, line);) {
    if (line.rfind("PRETTY_NAME=\"", 0) == 0) machine.system += ", " + line.substr(13, line.size() - 14);
  }
  machine.processor = field("/proc/cpuinfo", "model name");
  machine.processors = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t set;
  machine.allowed = ::sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : machine.processors;
  machine.quota = cpu_quota();
  machine.memory = kibibytes("MemTotal");
  machine.available = kibibytes("MemAvailable");
  machine.memory_cap = memory_cap(machine.memory);
  machine.clock = first_line_of("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  return machine;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string find_in_path(const std::string& program) {
  std::istringstream folders(variable("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string path = (folder.empty() ? "." : folder) + "/" + program;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

}  // namespace interlock::tools
