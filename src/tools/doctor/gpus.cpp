#include "tools/doctor/gpus.h"

#include <array>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fmt/format.h>

namespace interlock::tools {
namespace {

// The few calls of NVML's C interface that are needed; its numbers, names and structures are fixed.
using Device = void*;
struct Memory {
  unsigned long long total, free, used;
};
struct Utilization {
  unsigned gpu, memory;
};
constexpr int kSuccess = 0;
constexpr int kDefaultMode = 0;  // of NVML's compute modes: any number of processes

class Nvml {
 public:
  Nvml() : library_(::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)) {}
  ~Nvml() {
    if (library_ == nullptr) return;
    if (open_) call<int()>("nvmlShutdown");
    ::dlclose(library_);
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  [[nodiscard]] bool is_there() const { return library_ != nullptr; }

  // The call's result; -1 where this driver does not have it.
  template <class Signature, class... Arguments>
  int call(const char* name, Arguments... arguments) {
    auto* function = reinterpret_cast<Signature*>(::dlsym(library_, name));
    return function == nullptr ? -1 : function(arguments...);
  }

  // "" once it is initialised, else why not.
  std::string open() {
    const int result = call<int()>("nvmlInit_v2");
    open_ = result == kSuccess;
    if (open_) return "";
    using ErrorString = const char*(int);
    auto* function = reinterpret_cast<ErrorString*>(::dlsym(library_, "nvmlErrorString"));
    return function == nullptr ? fmt::format("error {}", result) : function(result);
  }

 private:
  void* library_;
  bool open_ = false;
};

bool is_on_the_bus() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  for (const auto& device : fs::directory_iterator("/sys/bus/pci/devices", ignored)) {
    std::string vendor, kind;
    std::ifstream(device.path() / "vendor") >> vendor;
    std::ifstream(device.path() / "class") >> kind;
    if (vendor == "0x10de" && kind.rfind("0x03", 0) == 0) return true;  // a display or 3D controller
  }
  return false;
}

Gpu look_at(Nvml& nvml, Device device) {
  constexpr unsigned kNameLength = 96;
  Gpu gpu;
  std::array<char, kNameLength> name{};
  if (nvml.call<int(Device, char*, unsigned)>("nvmlDeviceGetName", device, name.data(), kNameLength) ==
      kSuccess)
    gpu.name = name.data();
  Memory memory{};
  if (nvml.call<int(Device, Memory*)>("nvmlDeviceGetMemoryInfo", device, &memory) == kSuccess) {
    gpu.bytes = static_cast<std::int64_t>(memory.total);
    gpu.free = static_cast<std::int64_t>(memory.free);
  }
  Utilization utilization{};
  if (nvml.call<int(Device, Utilization*)>("nvmlDeviceGetUtilizationRates", device, &utilization) == kSuccess)
    gpu.busy_percent = static_cast<int>(utilization.gpu);
  int mode = kDefaultMode;
  if (nvml.call<int(Device, int*)>("nvmlDeviceGetComputeMode", device, &mode) == kSuccess)
    gpu.exclusive = mode != kDefaultMode;
  unsigned now = 0, pending = 0;
  if (nvml.call<int(Device, unsigned*, unsigned*)>("nvmlDeviceGetMigMode", device, &now, &pending) ==
      kSuccess)
    gpu.parted = now != 0;
  return gpu;
}

}  // namespace

Gpus look_at_gpus() {
  Gpus gpus;
  gpus.hardware = is_on_the_bus();
  Nvml nvml;
  gpus.library = nvml.is_there();
  if (!gpus.library) return gpus;
  gpus.error = nvml.open();
  if (!gpus.error.empty()) return gpus;
  constexpr unsigned kVersionLength = 80;
  std::array<char, kVersionLength> version{};
  if (nvml.call<int(char*, unsigned)>("nvmlSystemGetDriverVersion", version.data(), kVersionLength) ==
      kSuccess)
    gpus.driver = version.data();
  nvml.call<int(int*)>("nvmlSystemGetCudaDriverVersion_v2", &gpus.cuda);
  unsigned count = 0;
  nvml.call<int(unsigned*)>("nvmlDeviceGetCount_v2", &count);
  for (unsigned i = 0; i < count; ++i) {
    Device device = nullptr;
    if (nvml.call<int(unsigned, Device*)>("nvmlDeviceGetHandleByIndex_v2", i, &device) == kSuccess)
      gpus.devices.push_back(look_at(nvml, device));
  }
  return gpus;
}

}  // namespace interlock::tools
