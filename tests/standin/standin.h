#pragma once
// A GPU that is none: what the three libraries of tests/standin/ know of each other. docs/gpu.md says what they
// prove and what only a GPU can.
//
//   cuda   in place of the CUDA runtime: memory, streams, events (memory.cpp, streams.cpp, runtime.cpp)
//   ops    in place of LibTorch's CUDA kernels: those for CPUs, in stream order (operators.cpp)
//   nccl   in place of NCCL, between processes of one host (nccl.cpp)
//   cublas in place of cuBLAS where LibTorch's own operators are left, and computes nothing (cublas.cpp)
//
// They are loaded before the real ones (LD_PRELOAD), so that the program runs as it was built.
//
// Settings come from the environment:
//   STANDIN_GPUS          how many there are (1)
//   STANDIN_MEMORY_MIB    of each (8192)
//   STANDIN_DELAY_US      each piece of a stream's work starts up to so much later, by chance (0)
//   STANDIN_SEED          of that chance (1)
//   STANDIN_SLOW_RANK, STANDIN_SLOW_US      every operator of this rank takes so much longer
//   STANDIN_LOST_RANK, STANDIN_LOST_AFTER   this rank's GPU is gone after so many pieces of work
//   STANDIN_COUNTS        PATH: the file PATH.RANK holds counts as they grow, 64-bit numbers: launches, copies, waits for
//                         streams, waits for events, memory queries, events recorded, events asked for, allocations, waits that
//                         other calls hide (copies to pageable memory, freeing memory, outputs that depend on values)
//   STANDIN_NCCL_*        nccl.cpp

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cuda_runtime_api.h>
#include <functional>
#include <string>

namespace standin {

struct Settings {
  int gpus = 1;
  std::size_t memory = 0;  // bytes
  int rank = 0;            // of the job, as Open MPI tells
  int delay_us = 0;
  std::uint64_t seed = 1;
  long lost_after = -1;  // of this rank; -1: never
};
const Settings& settings();
extern std::atomic<int> slow_us;  // of this rank, each operator
long number_from(const char* variable, long otherwise);

// What a stream does; it runs on the stream's thread. Never waits for the host but where NCCL does.
using Work = std::function<void()>;
// Operators are what STANDIN_SLOW_US slows down. A mark is no work: a stream in which it is the last is idle.
enum class Kind { kOperator, kMark, kOther };
void enqueue(cudaStream_t stream, Kind kind, Work work);
void drain(cudaStream_t stream);

// Where the bytes of the GPU's memory really are. A pointer to them that the host has may be handed around, and
// may not be followed: there is nothing (SIGSEGV). Other pointers come back as they are.
void* bytes_at(const void* pointer);
bool is_device_memory(const void* pointer);
bool is_pinned(const void* pointer);

// From now on every call fails with this, as after a kernel that went wrong.
void fail_for_good(cudaError_t error, const std::string& words);

}  // namespace standin
