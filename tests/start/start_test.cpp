#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "common/error.h"
#include "common/files.h"
#include "start/libtorch.h"
#include "start/programs.h"
#include "start/run_path.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::start {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using Folders = std::vector<std::string>;

// A folder that looks like LibTorch of this release, with CUDA.
std::string made_libtorch(const TempFolder& folder, const std::string& release) {
  const std::string root = folder.path_of("torch");
  fs::create_directories(root + "/include/torch/headeronly");
  fs::create_directories(root + "/lib");
  write_file_atomically(root + "/lib/libtorch_cpu.so", "");
  write_file_atomically(root + "/lib/libc10_cuda.so", "");
  const std::string major = release.substr(0, release.find('.'));
  const std::string rest = release.substr(release.find('.') + 1);
  write_file_atomically(root + "/include/torch/headeronly/version.h",
                        "#define TORCH_VERSION_MAJOR " + major + "\n#define TORCH_VERSION_MINOR " +
                            rest.substr(0, rest.find('.')) + "\n#define TORCH_VERSION_PATCH " +
                            rest.substr(rest.find('.') + 1) + "\n");
  return root;
}

struct NamedLibtorch {
  explicit NamedLibtorch(const std::string& root) { ::setenv(kLibtorchVariable, root.c_str(), 1); }
  ~NamedLibtorch() { ::unsetenv(kLibtorchVariable); }
};

TEST_CASE("the run path of a program is what it was linked with") {
  const Folders found = run_path(this_program());
  CHECK(std::find(found.begin(), found.end(), "/nowhere/lib") != found.end());
}

TEST_CASE("a damaged program has some run path or none, and harms nobody") {
  const TempFolder folder;
  std::string bytes;
  std::string reason;
  REQUIRE(read_file(this_program(), bytes, reason));
  for (std::size_t i = 0; i < 64 + 56 * 12; ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(~damaged[i]);
    folder.write("program", damaged);
    CHECK_NOTHROW(run_path(folder.path_of("program")));
  }
  for (const std::size_t size : {0, 10, 64, 100, 2000}) {
    folder.write("program", bytes.substr(0, size));
    CHECK(run_path(folder.path_of("program")).empty());
  }
  CHECK(run_path(folder.path_of("missing")).empty());
}

TEST_CASE("a LibTorch that is named wins, with what lies beside it") {
  const TempFolder folder;
  const std::string root = made_libtorch(folder, libtorch_release());
  fs::create_directories(folder.path_of("nvidia/nccl/lib"));
  const NamedLibtorch named(root);
  const Folders found = libtorch_folders(this_program());
  REQUIRE(found.size() == 2);
  CHECK(found[0] == root + "/lib");
  CHECK(fs::equivalent(found[1], folder.path_of("nvidia/nccl/lib")));
}

TEST_CASE("a LibTorch that does not fit is refused, with what to do") {
  const TempFolder folder;
  const std::string root = made_libtorch(folder, "1.2.3");
  {
    const NamedLibtorch named(root);
    CHECK_THROWS_WITH(libtorch_folders(this_program()),
                      Catch::Contains("is release 1.2.3") && Catch::Contains("pip install torch=="));
  }
  const NamedLibtorch named(folder.path_of("nothing"));
  CHECK_THROWS_AS(libtorch_folders(this_program()), UsageError);
}

TEST_CASE("the full program is found beside the small one and where it is installed") {
  const TempFolder folder;
  for (const std::string& full :
       {folder.path_of("bin/interlock-torch"), folder.path_of("libexec/interlock/interlock-torch")}) {
    const std::string front = folder.path_of("bin/interlock");
    fs::create_directories(folder.path_of("bin"));
    fs::create_directories(fs::path(full).parent_path());
    CHECK_THROWS_AS(full_program(front), UsageError);
    write_file_atomically(front, "");
    write_file_atomically(full, "");
    CHECK(full_program(front) == full);
    CHECK(program_for_users(full) == front);
    CHECK(program_for_users(folder.path_of("bin/own_layer")) == folder.path_of("bin/own_layer"));
    fs::remove(full);
  }
}

}  // namespace
}  // namespace interlock::start
