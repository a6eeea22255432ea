#include "device/cuda_version.h"

#if INTERLOCK_CUDA
#include <cuda_runtime_api.h>
#endif

namespace interlock::device {

int cuda_runtime_version() {
  int version = 0;
#if INTERLOCK_CUDA
  if (cudaRuntimeGetVersion(&version) != cudaSuccess) version = 0;
#endif
  return version;
}

}  // namespace interlock::device
