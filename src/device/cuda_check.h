#pragma once
// INTERLOCK_CUDA_CALL(call): throws PeerError with CUDA's own text, the call and its place. Include it only
// where INTERLOCK_CUDA is 1.

#include <cuda_runtime_api.h>

namespace interlock::device {
[[noreturn]] void throw_cuda_error(cudaError_t error, const char* call, const char* file, int line);
}

#define INTERLOCK_CUDA_CALL(call)                                                             \
  do {                                                                                        \
    const cudaError_t interlock_cuda_error = (call);                                          \
    if (interlock_cuda_error != cudaSuccess)                                                  \
      ::interlock::device::throw_cuda_error(interlock_cuda_error, #call, __FILE__, __LINE__); \
  } while (false)
