#pragma once
// Which transport suits what the workers have: one decision from the same facts on every rank.

#include <string>
#include <vector>

#include "comm/transport.h"

namespace interlock::comm {

// What a worker tells the others.
struct WorkerFacts {
  std::string gpu;             // device::Device::identity(); empty: it computes on a CPU
  bool mpi_takes_gpu = false;  // its MPI takes a GPU's addresses
  int nccl_version = 0;        // ncclGetVersion's code; 0: built without

  [[nodiscard]] std::string encode() const;
  static WorkerFacts decode(const std::string& text);
};

enum class Chosen { kMpi, kHostStaged, kCudaAwareMpi, kNccl, kNcclShared };  // kNcclShared: ranks share GPUs

// Throws UsageError where `wanted` cannot be had, with what to do. kMpi where no worker has a GPU.
Chosen choose_transport(const std::vector<WorkerFacts>& workers, Transport wanted);

std::string nccl_version_text(int code);  // "2.28.9"

}  // namespace interlock::comm
