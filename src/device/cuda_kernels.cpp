#if INTERLOCK_CUDA
#include "device/cuda_kernels.h"

#include <dlfcn.h>

#include <ATen/Context.h>
#include <fmt/format.h>

#include "common/error.h"

namespace interlock::device {

void load_cuda_kernels() {
  static const bool loaded = [] {
    // Found where the program finds the rest of LibTorch. Its operators register themselves.
    if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      const char* const reason = ::dlerror();
      throw UsageError(fmt::format(
          "there is a GPU, but LibTorch's CUDA kernels cannot be loaded: {}. Install LibTorch with "
          "CUDA (`interlock doctor` says which one is in use), or use run.device=cpu",
          reason == nullptr ? "libtorch_cuda.so" : reason));
    }
    if (!at::hasCUDA()) {
      throw BrokenInvariant("LibTorch was asked whether it has CUDA before its CUDA kernels were loaded");
    }
    return true;
  }();
  static_cast<void>(loaded);
}

}  // namespace interlock::device
#endif
