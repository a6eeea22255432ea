#include "start/libtorch.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"
#include "start/run_path.h"

namespace interlock::start {
namespace {

namespace fs = std::filesystem;

constexpr bool kWithCuda = INTERLOCK_CUDA != 0;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool holds_libtorch(const fs::path& folder) {
  return is_there(folder / "libtorch_cpu.so");
}

bool any_holds_libtorch(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    if (holds_libtorch(folder)) return true;
  }
  return false;
}

// "2.11.0", or "" where its headers are not there.
std::string release_of(const fs::path& root) {
  std::string header;
  std::string reason;
  if (!read_file((root / "include/torch/headeronly/version.h").string(), header, reason)) return "";
  std::string release;
  for (const char* part : {"MAJOR", "MINOR", "PATCH"}) {
    const std::string line = fmt::format("#define TORCH_VERSION_{} ", part);
    const std::size_t found = header.find(line);
    if (found == std::string::npos) return "";
    release +=
        fmt::format("{}{}", release.empty() ? "" : ".", std::atoi(header.c_str() + found + line.size()));
  }
  return release;
}

// What is told where nothing fits: how to get what fits.
std::string advice() {
  return fmt::format(
      "install it, for instance with: python3 -m venv ENV && ENV/bin/pip install torch=={}; then set {} to "
      "ENV/lib/python3.X/site-packages/torch, or make {} a link to that folder (docs/install.md)",
      libtorch_release(), kLibtorchVariable, kLibtorchOfPackages);
}

void check(const fs::path& root) {
  const std::string release = release_of(root);
  if (!release.empty() && release != libtorch_release()) {
    throw UsageError(fmt::format("LibTorch in {} is release {}, but this program was built with {}; {}",
                                 root.string(), release, libtorch_release(), advice()));
  }
  if (kWithCuda && !is_there(root / "lib/libc10_cuda.so")) {
    throw UsageError(fmt::format("LibTorch in {} has no CUDA, but this program was built with it; {}",
                                 root.string(), advice()));
  }
}

// LibTorch's own, and for a wheel those of the packages beside it: CUDA's runtime and NCCL.
std::vector<std::string> folders_of(const fs::path& root) {
  std::vector<std::string> folders = {(root / "lib").string()};
  std::error_code ignored;
  for (const auto& package :
       fs::directory_iterator(fs::weakly_canonical(root, ignored) / "../nvidia", ignored)) {
    if (is_there(package.path() / "lib"))
      folders.push_back((package.path() / "lib").lexically_normal().string());
  }
  return folders;
}

}  // namespace

const char* libtorch_release() {
  return INTERLOCK_LIBTORCH_RELEASE;
}

std::vector<std::string> libtorch_folders(const std::string& full_program) {
  if (const std::string named = variable(kLibtorchVariable); !named.empty()) {
    if (!holds_libtorch(fs::path(named) / "lib")) {
      throw UsageError(fmt::format("{} is {}, but there is no {}/lib/libtorch_cpu.so; {}", kLibtorchVariable,
                                   named, named, advice()));
    }
    check(named);
    return folders_of(named);
  }
  const std::vector<std::string> own = run_path(full_program);
  if (any_holds_libtorch(folders_in(variable("LD_LIBRARY_PATH"))) || any_holds_libtorch(own)) return {};
  if (holds_libtorch(fs::path(kLibtorchOfPackages) / "lib")) {
    check(kLibtorchOfPackages);
    return folders_of(kLibtorchOfPackages);
  }
  throw UsageError(fmt::format("LibTorch {} is not found ({} is not set, and there is none in {}{}); {}",
                               libtorch_release(), kLibtorchVariable, own.empty() ? "" : own.front() + ", ",
                               kLibtorchOfPackages, advice()));
}

}  // namespace interlock::start
