#if INTERLOCK_CUDA
#include "device/cuda_check.h"

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::device {

void throw_cuda_error(cudaError_t error, const char* call, const char* file, int line) {
  (void)cudaGetLastError();  // what can be got over must not show in LibTorch's next call
  throw PeerError(fmt::format("CUDA: {} ({}) ({} at {}:{})", cudaGetErrorString(error),
                              cudaGetErrorName(error), call, file, line));
}

}  // namespace interlock::device
#endif
