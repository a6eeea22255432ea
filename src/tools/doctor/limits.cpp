#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tools/doctor/system_facts.h"

namespace interlock::tools {
namespace {

namespace fs = std::filesystem;

std::int64_t soft_limit(__rlimit_resource which) {
  rlimit limit{};
  if (::getrlimit(which, &limit) != 0) return -1;
  return limit.rlim_cur == RLIM_INFINITY ? kUnlimited : static_cast<std::int64_t>(limit.rlim_cur);
}

}  // namespace

Limits look_at_limits() {
  Limits limits;
  limits.files = soft_limit(RLIMIT_NOFILE);
  limits.processes = soft_limit(RLIMIT_NPROC);
  limits.locked_bytes = soft_limit(RLIMIT_MEMLOCK);
  limits.stack_bytes = soft_limit(RLIMIT_STACK);
  limits.address_bytes = soft_limit(RLIMIT_AS);
  limits.file_bytes = soft_limit(RLIMIT_FSIZE);
  std::error_code ignored;
  limits.infiniband =
      fs::exists("/sys/class/infiniband", ignored) && !fs::is_empty("/sys/class/infiniband", ignored);
  return limits;
}

Space look_at_space(const std::string& path) {
  Space space;
  space.path = path;
  std::error_code ignored;
  space.there = fs::is_directory(path, ignored);
  fs::path nearest = fs::absolute(path, ignored);
  while (!fs::exists(nearest, ignored) && nearest.has_relative_path()) nearest = nearest.parent_path();
  space.writable = ::access(nearest.c_str(), W_OK) == 0;
  struct statvfs status {};
  if (::statvfs(nearest.c_str(), &status) != 0) return space;
  space.bytes = static_cast<std::int64_t>(status.f_blocks) * static_cast<std::int64_t>(status.f_frsize);
  space.free = static_cast<std::int64_t>(status.f_bavail) * static_cast<std::int64_t>(status.f_frsize);
  return space;
}

int ptrace_scope() {
  std::ifstream file("/proc/sys/kernel/yama/ptrace_scope");
  int scope = -1;
  file >> scope;
  return file ? scope : -1;
}

std::string cache_folder() {
  const std::string folder = variable("XDG_CACHE_HOME");
  return (folder.empty() ? variable("HOME") + "/.cache" : folder) + "/interlock";
}

std::string temporary_folder() {
  const std::string folder = variable("TMPDIR");
  return folder.empty() ? "/tmp" : folder;
}

}  // namespace interlock::tools
