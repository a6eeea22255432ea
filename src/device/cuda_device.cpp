#if INTERLOCK_CUDA
#include "device/cuda_device.h"

#include <array>
#include <utility>

#include <ATen/ops/empty.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <fmt/format.h>

#include "common/error.h"
#include "device/cuda_check.h"
#include "device/cuda_kernels.h"
#include "device/cuda_stream.h"

namespace interlock::device {
namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;
using c10::CachingAllocator::StatType;

std::string hexadecimal(const cudaUUID_t& uuid) {
  std::string text;
  for (const char byte : uuid.bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

constexpr auto kAll = static_cast<std::size_t>(StatType::AGGREGATE);

MemoryFigures figures(c10::DeviceIndex gpu) {
  MemoryFigures figures;
  std::size_t free = 0;
  std::size_t total = 0;
  INTERLOCK_CUDA_CALL(cudaMemGetInfo(&free, &total));
  figures.free = static_cast<std::int64_t>(free);
  figures.total = static_cast<std::int64_t>(total);
  if (!allocator::get()->initialized()) return figures;
  const c10::CachingDeviceAllocator::DeviceStats stats = allocator::getDeviceStats(gpu);
  figures.allocated = stats.allocated_bytes[kAll].current;
  figures.peak_allocated = stats.allocated_bytes[kAll].peak;
  figures.reserved = stats.reserved_bytes[kAll].current;
  return figures;
}

// Starts CUDA on it, so that what fails does so here. Threads that wait for the GPU sleep instead of polling:
// a rank that waits must not burn a core.
void start(int gpu) {
#if CUDART_VERSION >= 12000
  INTERLOCK_CUDA_CALL(cudaInitDevice(gpu, cudaDeviceScheduleBlockingSync, cudaInitDeviceFlagsAreValid));
#else
  INTERLOCK_CUDA_CALL(cudaSetDevice(gpu));
  INTERLOCK_CUDA_CALL(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync));
  INTERLOCK_CUDA_CALL(cudaFree(nullptr));
#endif
}

class CudaDevice : public Device {
 public:
  CudaDevice(int index, int count, int sharers)
      : index_(static_cast<c10::DeviceIndex>(index)), events_(make_event_pool()) {
    start(index);
    CudaDevice::make_current();
    cudaDeviceProp properties{};
    INTERLOCK_CUDA_CALL(cudaGetDeviceProperties(&properties, index));
    description_ = fmt::format("{}, GPU {} of {}", properties.name, index, count);
    if (sharers > 1) description_ += fmt::format(", shared by {} ranks", sharers);
    identity_ = hexadecimal(properties.uuid);
    std::array<char, 32> address{};
    INTERLOCK_CUDA_CALL(cudaDeviceGetPCIBusId(address.data(), static_cast<int>(address.size()), index));
    pci_address_ = address.data();
  }

  [[nodiscard]] at::Device torch_device() const override { return {at::kCUDA, index_}; }
  [[nodiscard]] std::string description() const override { return description_; }
  [[nodiscard]] std::string identity() const override { return identity_; }
  [[nodiscard]] std::string pci_address() const override { return pci_address_; }

  // Through LibTorch, which remembers the device of each thread; forced, for else the first GPU, every thread's at the
  // beginning, is not made current at all, and libraries that are given its memory find no context.
  void make_current() const override { c10::cuda::set_device(index_, /*force=*/true); }

  Stream compute_stream() override { return stream(c10::cuda::getCurrentCUDAStream(index_)); }
  Stream new_stream(Priority priority) override {
    return stream(c10::cuda::getStreamFromPool(priority == Priority::kHigh, index_));
  }

  at::Tensor staging(const std::vector<std::int64_t>& sizes, at::ScalarType type) override {
    return at::empty(sizes, at::TensorOptions().dtype(type).pinned_memory(true));
  }

  [[nodiscard]] MemoryFigures memory() const override { return figures(index_); }
  [[nodiscard]] std::int64_t peak_allocated() const override {
    return allocator::get()->initialized() ? allocator::getDeviceStats(index_).allocated_bytes[kAll].peak : 0;
  }
  void reset_peak_memory() override {
    if (allocator::get()->initialized()) allocator::resetPeakStats(index_);
  }
  void release_kept_memory() override {
    if (allocator::get()->initialized()) allocator::emptyCache();
  }
  // Not the whole GPU: a receive may be waiting there for a peer that waits for us.
  void synchronise() override { compute_stream().synchronise(); }

 private:
  Stream stream(c10::cuda::CUDAStream native) { return Stream(make_cuda_stream(native, events_)); }

  c10::DeviceIndex index_;
  std::shared_ptr<CudaEventPool> events_;
  std::string description_, identity_, pci_address_;
};

}  // namespace

Gpus find_gpus() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  (void)cudaGetLastError();
  if (error != cudaSuccess) return {0, fmt::format("CUDA says: {}", cudaGetErrorString(error))};
  return {count, count > 0 ? "" : "CUDA sees none; is CUDA_VISIBLE_DEVICES empty?"};
}

MemoryFigures current_gpu_memory() {
  if (!allocator::get()->initialized()) return {};
  int gpu = 0;
  INTERLOCK_CUDA_CALL(cudaGetDevice(&gpu));
  return figures(static_cast<c10::DeviceIndex>(gpu));
}

std::unique_ptr<Device> open_cuda_device(int index, int count, int sharers) {
  load_cuda_kernels();
  return std::make_unique<CudaDevice>(index, count, sharers);
}

}  // namespace interlock::device
#endif
