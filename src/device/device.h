#pragma once
// What a rank computes on: the CPU, or a GPU that it may share with other ranks.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "device/stream.h"

namespace interlock::device {

enum class Wanted { kAuto, kCpu, kCuda };  // kAuto: a GPU where there is one
enum class Priority { kNormal, kHigh };

// In bytes; zeros on the CPU, whose memory is the host's.
struct MemoryFigures {
  std::int64_t allocated = 0;       // by tensors, now
  std::int64_t peak_allocated = 0;  // since the start or the last reset_peak_memory()
  std::int64_t reserved = 0;        // allocated, and kept for tensors to come
  std::int64_t free = 0;            // of the device, for all processes
  std::int64_t total = 0;           // the device's
};

class Device {
 public:
  virtual ~Device() = default;

  [[nodiscard]] virtual at::Device torch_device() const = 0;  // for tensors' options
  [[nodiscard]] bool is_gpu() const { return torch_device().is_cuda(); }
  // Whether the tensor is in this device's own memory; never on the CPU.
  [[nodiscard]] virtual bool holds(const at::Tensor& tensor) const {
    return is_gpu() && tensor.device() == torch_device();
  }
  // For logs: "NVIDIA H100, GPU 0 of 1, shared by 3 ranks", "CPU".
  [[nodiscard]] virtual std::string description() const = 0;
  // The same for ranks that share one, different for all others of the cluster; empty for the CPU.
  [[nodiscard]] virtual std::string identity() const { return ""; }
  // Where it is in the machine, for binding.h: "0000:3b:00.0"; empty for the CPU.
  [[nodiscard]] virtual std::string pci_address() const { return ""; }

  // Makes it the calling thread's device. open_device() has done so for its caller.
  virtual void make_current() const {}

  // The one that LibTorch gives the calling thread's work to.
  [[nodiscard]] virtual Stream compute_stream() = 0;
  [[nodiscard]] virtual Stream new_stream(Priority priority) = 0;

  // Uninitialised contiguous host memory that the device copies to and from quickly (pinned); from a cache.
  [[nodiscard]] virtual at::Tensor staging(const std::vector<std::int64_t>& sizes, at::ScalarType type) = 0;

  [[nodiscard]] virtual MemoryFigures memory() const { return {}; }
  // memory().peak_allocated alone, without asking the driver.
  [[nodiscard]] virtual std::int64_t peak_allocated() const { return 0; }
  virtual void reset_peak_memory() {}
  // Gives back what the allocator keeps for tensors to come. Waits for the whole GPU.
  virtual void release_kept_memory() {}
  virtual void synchronise() {}  // blocks until all work given to the calling thread's compute stream is done
};

// How many GPUs this process sees; 0 in a build without CUDA and where no driver answers. Never throws.
int gpu_count();

// Has each GPU that is seen carry out one of LibTorch's operators: "" where all do, else which one does not, and why.
// Never throws. Starts CUDA on each: for who asks whether all is well, not before a run.
std::string try_gpus();

// `local_index` of `local_count`: this rank among the workers of its host, which take the host's GPUs in
// turn. Sets the calling thread's current device. Throws UsageError if a GPU is wanted and none is there.
std::unique_ptr<Device> open_device(Wanted wanted, int local_index, int local_count);

}  // namespace interlock::device
