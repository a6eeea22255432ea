#pragma once
// NVIDIA's GPUs as the driver tells of them (NVML, loaded when asked for: nothing is linked).

#include <cstdint>
#include <string>
#include <vector>

namespace interlock::tools {

struct Gpu {
  std::string name;
  std::int64_t bytes = -1, free = -1;
  int busy_percent = -1;
  bool exclusive = false;  // one process at a time
  bool parted = false;     // MIG
};

struct Gpus {
  bool library = false;      // libnvidia-ml.so.1 is there
  bool hardware = false;     // a GPU of NVIDIA's on the PCI bus
  std::string error;         // of the library; "" for none
  std::string driver;        // "580.95.05"
  int cuda = 0;              // the newest CUDA that the driver runs, 13000 for 13.0
  std::vector<Gpu> devices;  // of the host, whatever CUDA_VISIBLE_DEVICES says
};

Gpus look_at_gpus();

}  // namespace interlock::tools
