#pragma once
// Streams and events of a GPU. Private to device. Include it only where INTERLOCK_CUDA is 1.

#include <memory>

#include <c10/cuda/CUDAStream.h>

#include "device/stream.h"

namespace interlock::device {

class CudaEventPool;  // events that nobody holds any more are used again

std::shared_ptr<CudaEventPool> make_event_pool();
std::shared_ptr<StreamWork> make_cuda_stream(c10::cuda::CUDAStream stream,
                                             std::shared_ptr<CudaEventPool> pool);

}  // namespace interlock::device
