#include "device/settings.h"

#include <cstdlib>
#include <string>

#include <ATen/Context.h>
#include <fmt/format.h>

#include "common/error.h"

namespace interlock::device {
namespace {

constexpr const char* kWorkspace = "CUBLAS_WORKSPACE_CONFIG";

void set_unless_set(const char* name, const char* value) {
  setenv(name, value, /*overwrite=*/0);
}

}  // namespace

void prepare_environment(const Settings& settings) {
  // Streams share this many queues to the GPU. In one queue, a receive that spins until its peer sends would
  // hold up the very work that the peer waits for.
  set_unless_set("CUDA_DEVICE_MAX_CONNECTIONS", "32");
  // NCCL's service for outside queries opens a port; only for who asks for it.
  set_unless_set("NCCL_RAS_ENABLE", "0");
  // All algorithms connect when a communicator starts, not each when it is first used: a rank that connects waits
  // for its peers, who may be waiting for something else in the middle of a step.
  set_unless_set("NCCL_RUNTIME_CONNECT", "0");
  if (settings.ranks_wait_on_gpu) set_unless_set("CUDA_MODULE_LOADING", "EAGER");
  if (!settings.deterministic) return;
  const char* const given = std::getenv(kWorkspace);
  const std::string workspace = given == nullptr ? "" : given;
  if (!workspace.empty() && workspace != ":4096:8" && workspace != ":16:8") {
    throw UsageError(
        fmt::format("training.deterministic needs the environment variable {} to be :4096:8 or :16:8 (or not "
                    "set at all), "
                    "but it is \"{}\"",
                    kWorkspace, workspace));
  }
  setenv(kWorkspace, workspace.empty() ? ":4096:8" : workspace.c_str(), /*overwrite=*/1);
}

void apply(const Settings& settings) {
  at::Context& context = at::globalContext();
  context.setDeterministicAlgorithms(settings.deterministic, /*warn_only=*/false);
  // Filling what is about to be overwritten is for finding bugs, and costs time.
  context.setDeterministicFillUninitializedMemory(false);
  context.setDeterministicCuDNN(settings.deterministic);
  context.setBenchmarkCuDNN(!settings.deterministic && !settings.ranks_wait_on_gpu);
  // The older pair of setters: it keeps what LibTorch knows under both its old and its new names the same,
  // and some of its kernels refuse to run where these differ.
  context.setAllowTF32CuBLAS(settings.tf32);
  context.setAllowTF32CuDNN(settings.tf32);
}

}  // namespace interlock::device
