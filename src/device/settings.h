#pragma once
// Switches of LibTorch, CUDA and their libraries, for the whole process.

namespace interlock::device {

struct Settings {
  bool deterministic = false;  // only kernels that give the same bits every time; others refuse to run
  bool tf32 = false;           // float32 products may round their factors to 10 bits of fraction
  // With NCCL ranks wait for each other on the GPU, where a message spins until its peer is there. Whatever makes CUDA
  // wait for the whole GPU meanwhile can be two ranks waiting for each other for ever, so what can be avoided is:
  // all of LibTorch's kernels are loaded at once instead of each when it is first used (some seconds and about a GiB
  // of the GPU), and cuDNN does not try out kernels, after which LibTorch waits and frees memory.
  bool ranks_wait_on_gpu = false;
};

// Sets what CUDA, cuBLAS and NCCL read from the environment when they start; what the user has set stays, but
// for a CUBLAS_WORKSPACE_CONFIG that is not deterministic when that is wanted (UsageError). Call before the
// first use of a GPU, open_device() included, and before other threads read the environment.
void prepare_environment(const Settings& settings);

// Sets what LibTorch can switch at any time. Without `deterministic` and `ranks_wait_on_gpu`, cuDNN tries out its
// kernels for each new shape and keeps the quickest.
void apply(const Settings& settings);

}  // namespace interlock::device
