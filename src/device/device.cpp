#include "device/device.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "common/error.h"
#include "common/text.h"
#include "device/cuda_device.h"

namespace interlock::device {
namespace {

class CpuDevice : public Device {
 public:
  [[nodiscard]] at::Device torch_device() const override { return at::kCPU; }
  [[nodiscard]] std::string description() const override { return "CPU"; }
  Stream compute_stream() override { return {}; }
  Stream new_stream(Priority) override { return {}; }
  at::Tensor staging(const std::vector<std::int64_t>& sizes, at::ScalarType type) override {
    return at::empty(sizes, at::TensorOptions().dtype(type));
  }
};

// Of `local_count` ranks that take `gpus` in turn: how many take number `gpu`.
int sharers(int gpu, int gpus, int local_count) {
  return (local_count - gpu + gpus - 1) / gpus;
}

}  // namespace

int gpu_count() {
  return find_gpus().count;
}

std::string try_gpus() {
  const int count = gpu_count();
  for (int gpu = 0; gpu < count; ++gpu) {
    try {
      const std::unique_ptr<Device> device = open_cuda_device(gpu, count, 1);
      const at::Tensor ones = torch::ones({4}, at::TensorOptions(device->torch_device()));
      const double sum = (ones + ones).sum().item<double>();
      if (sum != 8) return fmt::format("GPU {}: 4 x (1 + 1) is {}", gpu, sum);
    } catch (const std::exception& error) {
      return fmt::format("GPU {}: {}", gpu, first_line(error.what()));
    }
  }
  return "";
}

std::unique_ptr<Device> open_device(Wanted wanted, int local_index, int local_count) {
  if (wanted == Wanted::kCpu) return std::make_unique<CpuDevice>();
  const Gpus gpus = find_gpus();
  if (gpus.count == 0) {
    if (wanted == Wanted::kAuto) return std::make_unique<CpuDevice>();
    throw UsageError(
        fmt::format("run.device is cuda, but there is no GPU: {}. Use run.device=cpu to compute "
                    "on CPUs, or auto to take a GPU only where there is one",
                    gpus.why_none));
  }
  const int gpu = local_index % gpus.count;
  return open_cuda_device(gpu, gpus.count, sharers(gpu, gpus.count, local_count));
}

}  // namespace interlock::device
