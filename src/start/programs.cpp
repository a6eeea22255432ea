#include "start/programs.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <unistd.h>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "start/libtorch.h"
#include "start/run_path.h"

namespace interlock::start {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFront = "interlock";
constexpr const char* kFull = "interlock-torch";

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

}  // namespace

std::string this_program() {
  return fs::read_symlink("/proc/self/exe").string();
}

std::string full_program(const std::string& front) {
  const fs::path folder = fs::path(front).parent_path();
  const fs::path beside = folder / kFull;
  const fs::path installed = folder.parent_path() / "libexec/interlock" / kFull;
  if (is_program(beside)) return beside.string();
  if (is_program(installed)) return installed.string();
  throw UsageError(fmt::format(
      "{} is not there, and neither is {}: this command needs it (it is the part of interlock that "
      "loads LibTorch); install interlock again, or copy both programs",
      beside.string(), installed.string()));
}

std::string program_for_users(const std::string& program) {
  const fs::path path(program);
  if (path.filename() != kFull) return program;
  const fs::path folder = path.parent_path();
  for (const fs::path& front : {folder / kFront, folder.parent_path().parent_path() / "bin" / kFront}) {
    if (is_program(front)) return front.string();
  }
  return program;
}

std::string as_called_here() {
  const fs::path program = program_for_users(this_program());
  std::error_code ignored;
  const char* path = std::getenv("PATH");
  for (const std::string& folder : folders_in(path == nullptr ? "" : path)) {
    const fs::path found = fs::path(folder) / program.filename();
    if (is_program(found)) {
      if (fs::equivalent(found, program, ignored)) return program.filename().string();
      break;  // another one of the same name
    }
  }
  const fs::path here = fs::current_path(ignored);
  const auto [end, rest] = std::mismatch(here.begin(), here.end(), program.begin(), program.end());
  return (end == here.end() ? program.lexically_relative(here) : program).string();
}

void become_full_program(char** argv) {
  const std::string full = full_program(this_program());
  if (const std::vector<std::string> folders = libtorch_folders(full); !folders.empty()) {
    const char* before = std::getenv("LD_LIBRARY_PATH");
    const std::string path = join(folders, ":") + (before == nullptr ? "" : fmt::format(":{}", before));
    ::setenv("LD_LIBRARY_PATH", path.c_str(), 1);
  }
  ::execv(full.c_str(), argv);
  throw IoError(fmt::format("{} could not be started: {}", full, std::strerror(errno)));
}

}  // namespace interlock::start
