#include "worker/action_mark.h"

#include <torch/csrc/profiler/stubs/base.h>

namespace interlock::worker {
namespace {

// LibTorch has NVTX inside, where it is built for CUDA.
const torch::profiler::impl::ProfilerStubs& nvtx() {
  return *torch::profiler::impl::cudaStubs();
}

}  // namespace

RangeOnGpu::RangeOnGpu(bool on_gpu, const char* name) : on_gpu_(on_gpu && nvtx().enabled()) {
  if (on_gpu_) nvtx().rangePush(name);
}

RangeOnGpu::~RangeOnGpu() {
  if (on_gpu_) nvtx().rangePop();
}

}  // namespace interlock::worker
