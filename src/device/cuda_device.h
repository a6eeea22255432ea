#pragma once
// GPUs, or in a build without CUDA the news that there are none. Private to device.

#include <memory>
#include <string>

#include "device/device.h"

namespace interlock::device {

struct Gpus {
  int count = 0;
  std::string why_none;  // "this program was built without CUDA", or the driver's own words
};
Gpus find_gpus();  // never throws

// `sharers`: how many ranks of this host use this GPU.
std::unique_ptr<Device> open_cuda_device(int index, int count, int sharers);

// Of the calling thread's GPU; zeros where there is none or it was never used.
MemoryFigures current_gpu_memory();

}  // namespace interlock::device
