// Takes the place of cuda_*.cpp in a build without CUDA.
#if !INTERLOCK_CUDA
#include "common/error.h"
#include "device/cuda_device.h"

namespace interlock::device {

Gpus find_gpus() {
  return {0,
          "this program was built without CUDA; build it with a LibTorch that has CUDA and with "
          "INTERLOCK_WITH_CUDA on"};
}

std::unique_ptr<Device> open_cuda_device(int, int, int) {
  throw UsageError("built without CUDA: " + find_gpus().why_none);
}

MemoryFigures current_gpu_memory() {
  return {};
}

}  // namespace interlock::device
#endif
