#pragma once
// Switches of LibTorch, CUDA and their libraries, for the whole process.

namespace interlock::device {

struct Settings {
  bool deterministic = false;  // only kernels that give the same bits every time; others refuse to run
  bool tf32 = false;           // float32 products may round their factors to 10 bits of fraction
  // Load all of LibTorch's kernels at once instead of each when it is first used: some seconds and about a
  // GiB of the GPU. Loading one may make CUDA wait for all that runs there, which with NCCL can be two ranks
  // waiting for each other.
  bool load_kernels_early = false;
};

// Sets what CUDA, cuBLAS and NCCL read from the environment when they start; what the user has set stays, but
// for a CUBLAS_WORKSPACE_CONFIG that is not deterministic when that is wanted (UsageError). Call before the
// first use of a GPU, open_device() included, and before other threads read the environment.
void prepare_environment(const Settings& settings);

// Sets what LibTorch can switch at any time. Without `deterministic`, cuDNN tries out its kernels for each
// new shape and keeps the quickest.
void apply(const Settings& settings);

}  // namespace interlock::device
