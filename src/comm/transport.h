#pragma once

namespace interlock::comm {

// How tensors travel between GPUs. kAuto: NCCL where every worker has a GPU of its own, else MPI on GPU
// memory where Open MPI can, else by way of host memory.
enum class Transport { kAuto, kHostStaged, kCudaAwareMpi, kNccl };

}  // namespace interlock::comm
