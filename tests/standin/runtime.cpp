// The CUDA runtime's calls that LibTorch and the program make. What is not here is the real library's, which
// refuses where there is no driver.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"
#include "standin.h"
#include "streams.h"

namespace standin {

long number_from(const char* variable, long otherwise) {
  const char* const text = getenv(variable);
  return text != nullptr && *text != '\0' ? atol(text) : otherwise;
}

const Settings& settings() {
  static const Settings read = [] {
    Settings made;
    made.gpus = static_cast<int>(number_from("STANDIN_GPUS", 1));
    made.memory = static_cast<std::size_t>(number_from("STANDIN_MEMORY_MIB", 8192)) << 20;
    made.rank = static_cast<int>(number_from("OMPI_COMM_WORLD_RANK", 0));
    made.delay_us = static_cast<int>(number_from("STANDIN_DELAY_US", 0));
    made.seed = static_cast<std::uint64_t>(number_from("STANDIN_SEED", 1));
    if (number_from("STANDIN_LOST_RANK", -1) == made.rank)
      made.lost_after = number_from("STANDIN_LOST_AFTER", 0);
    return made;
  }();
  return read;
}

std::atomic<int> slow_us{number_from("STANDIN_SLOW_RANK", -1) == settings().rank
                             ? static_cast<int>(number_from("STANDIN_SLOW_US", 0))
                             : 0};

namespace {

thread_local cudaError_t last_error = cudaSuccess;
thread_local int current_device = 0;
thread_local bool in_callback = false;
std::atomic<cudaError_t> failed{cudaSuccess};
std::atomic<bool> kernels_fail{false};

struct Counts {
  std::atomic<long> launches, copies, stream_waits, event_waits, memory_queries, records, queries,
      allocations, hidden_waits;
};

// In a file from the first moment on: a process may end in any way.
Counts& open_counts() {
  const char* const path = getenv("STANDIN_COUNTS");
  const int file = path == nullptr ? -1
                                   : open((std::string(path) + "." + std::to_string(settings().rank)).c_str(),
                                          O_RDWR | O_CREAT | O_TRUNC, 0600);
  void* memory = nullptr;
  if (file >= 0 && ftruncate(file, sizeof(Counts)) == 0)
    memory = mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (file >= 0) close(file);
  return memory == nullptr || memory == MAP_FAILED ? *new Counts{} : *static_cast<Counts*>(memory);
}
Counts& counts = open_counts();

cudaError_t answer(cudaError_t error) {
  if (in_callback) fail_for_good(cudaErrorNotPermitted, "a call of CUDA from a host function of a stream");
  if (failed != cudaSuccess) error = failed;
  if (error != cudaSuccess) last_error = error;
  return error;
}

// GPUs that CUDA_VISIBLE_DEVICES leaves.
int visible_gpus() {
  const char* const list = getenv("CUDA_VISIBLE_DEVICES");
  if (list == nullptr) return settings().gpus;
  if (*list == '\0') return 0;
  const auto named = static_cast<int>(1 + std::count(list, list + strlen(list), ','));
  return std::min(named, settings().gpus);
}

// One more piece of work; false where the GPU is gone by now.
bool works_on() {
  const long so_far = counts.launches + counts.copies;
  if (settings().lost_after >= 0 && so_far >= settings().lost_after && failed == cudaSuccess)
    fail_for_good(cudaErrorDevicesUnavailable, "this rank's GPU is gone");
  return failed == cudaSuccess;
}

}  // namespace

void fail_for_good(cudaError_t error, const std::string& words) {
  fprintf(stderr, "stand-in GPU: %s\n", words.c_str());
  failed = error;
}

}  // namespace standin

using namespace standin;

extern "C" {

// Where the operators' library waits for a stream.
void standin_hidden_wait() {
  ++counts.hidden_waits;
}

// Operators that LibTorch still runs itself would do nothing: they must not seem to work.
void standin_kernels_fail() {
  kernels_fail = true;
}

// In place of STANDIN_SLOW_US, for tests that change it as they go.
void standin_slow_down(int microseconds) {
  slow_us = microseconds;
}

// The operators' library counts its launches here; false where the GPU has failed.
int standin_launch() {
  ++counts.launches;
  return works_on() ? 1 : 0;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = visible_gpus();
  return *count > 0 ? cudaSuccess : answer(cudaErrorNoDevice);
}
cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= visible_gpus()) return answer(cudaErrorInvalidDevice);
  current_device = device;
  return answer(cudaSuccess);
}
cudaError_t cudaInitDevice(int, unsigned, unsigned) {
  return answer(cudaSuccess);
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = 4;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = 9;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = 48 << 10;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = 227 << 10;
      break;
    case cudaDevAttrMaxGridDimX:
      *value = 2147483647;
      break;
    default:
      *value = 0;
  }
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  memset(properties, 0, sizeof(*properties));
  snprintf(properties->name, sizeof(properties->name), "Stand-in");
  properties->uuid.bytes[0] = static_cast<char>(device + 1);
  properties->totalGlobalMem = settings().memory;
  properties->major = 9;
  properties->multiProcessorCount = 132;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  properties->maxThreadsPerMultiProcessor = 2048;
  properties->maxThreadsDim[0] = properties->maxThreadsDim[1] = 1024;
  properties->maxThreadsDim[2] = 64;
  properties->maxGridSize[0] = 2147483647;
  properties->maxGridSize[1] = properties->maxGridSize[2] = 65535;
  properties->sharedMemPerBlock = 48 << 10;
  properties->sharedMemPerBlockOptin = 227 << 10;
  properties->sharedMemPerMultiprocessor = 228 << 10;
  properties->regsPerBlock = 65536;
  properties->l2CacheSize = 50 << 20;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* text, int size, int device) {
  snprintf(text, static_cast<std::size_t>(size), "0000:%02x:00.0", device + 1);
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaGetLastError() {
  const cudaError_t error = failed != cudaSuccess ? failed.load() : last_error;
  last_error = cudaSuccess;
  return error;
}
cudaError_t cudaPeekAtLastError() {
  return failed != cudaSuccess ? failed.load() : last_error;
}
const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorDevicesUnavailable:
      return "cudaErrorDevicesUnavailable";
    default: {
      static thread_local char text[48];
      snprintf(text, sizeof(text), "error %d of the stand-in", static_cast<int>(error));
      return text;
    }
  }
}
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorDevicesUnavailable:
      return "CUDA-capable device(s) is/are busy or unavailable";
    default:
      return cudaGetErrorName(error);
  }
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  ++counts.memory_queries;
  *total = settings().memory;
  *free = *total - device_used(current_device);
  return answer(cudaSuccess);
}
cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  ++counts.allocations;
  *pointer = device_allocate(current_device, bytes);
  return answer(*pointer == nullptr ? cudaErrorMemoryAllocation : cudaSuccess);
}
// As CUDA does, it waits for the whole GPU.
cudaError_t cudaFree(void* pointer) {
  if (pointer == nullptr) return cudaSuccess;
  ++counts.hidden_waits;
  drain_all();
  return device_free(pointer) ? cudaSuccess : answer(cudaErrorInvalidValue);
}
cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned) {
  *pointer = pinned_allocate(bytes);
  return answer(cudaSuccess);
}
cudaError_t cudaFreeHost(void* pointer) {
  return pinned_free(pointer) ? cudaSuccess : answer(cudaErrorInvalidValue);
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  memset(attributes, 0, sizeof(*attributes));
  attributes->type = cudaMemoryTypeUnregistered;
  if (is_device_memory(pointer)) {
    attributes->type = cudaMemoryTypeDevice;
    attributes->device = device_of(pointer);
  } else if (is_pinned(pointer)) {
    attributes->type = cudaMemoryTypeHost;
  }
  return cudaSuccess;
}
cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
  *can = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceEnablePeerAccess(int, unsigned) {
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int) {
  *stream = new_stream();
  return answer(cudaSuccess);
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return cudaStreamCreateWithPriority(stream, flags, 0);
}
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  ++counts.stream_waits;
  drain_all();
  return answer(cudaSuccess);
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  ++counts.stream_waits;
  drain(stream);
  return answer(cudaSuccess);
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return answer(real_stream(stream)->idle() ? cudaSuccess : cudaErrorNotReady);
}
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* status) {
  *status = cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode*) {
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  std::shared_ptr<Mark> mark;
  {
    const std::lock_guard lock(event->mutex);
    mark = event->last;
  }
  if (mark) enqueue(stream, Kind::kOther, [mark] { mark->wait(); });
  return answer(cudaSuccess);
}
// A GPU that has failed calls nobody back.
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  if (failed != cudaSuccess) return answer(cudaSuccess);
  enqueue(stream, Kind::kOther, [=] {
    if (failed != cudaSuccess) return;
    in_callback = true;
    function(data);
    in_callback = false;
  });
  return answer(cudaSuccess);
}
cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t function, void* data, unsigned) {
  enqueue(stream, Kind::kOther, [=] { function(stream, failed, data); });
  return answer(cudaSuccess);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  *event = new CUevent_st;
  (*event)->timed = (flags & cudaEventDisableTiming) == 0;
  return answer(cudaSuccess);
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, 0);
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  ++counts.records;
  const auto mark = std::make_shared<Mark>();
  {
    const std::lock_guard lock(event->mutex);
    event->last = mark;
  }
  enqueue(stream, Kind::kOther, [mark] { mark->reach(); });
  return answer(cudaSuccess);
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned) {
  return cudaEventRecord(event, stream);
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  ++counts.queries;
  const std::lock_guard lock(event->mutex);
  return answer(!event->last || event->last->reached() ? cudaSuccess : cudaErrorNotReady);
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  ++counts.event_waits;
  std::shared_ptr<Mark> mark;
  {
    const std::lock_guard lock(event->mutex);
    mark = event->last;
  }
  if (mark) mark->wait();
  return answer(cudaSuccess);
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  std::shared_ptr<Mark> marks[2];
  for (const int i : {0, 1}) {
    cudaEvent_t const event = i == 0 ? start : end;
    const std::lock_guard lock(event->mutex);
    if (!event->timed || !event->last) return answer(cudaErrorInvalidResourceHandle);
    marks[i] = event->last;
  }
  if (!marks[0]->reached() || !marks[1]->reached()) return answer(cudaErrorNotReady);
  *milliseconds = std::chrono::duration<float, std::milli>(marks[1]->when() - marks[0]->when()).count();
  return answer(cudaSuccess);
}

// Pageable memory is read before the call returns, and written before it returns.
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  ++counts.copies;
  if (!works_on()) return answer(cudaSuccess);
  const bool from_pageable = !is_device_memory(from) && !is_pinned(from);
  const bool to_pageable = !is_device_memory(to) && !is_pinned(to);
  if (from_pageable) {
    const auto* const first = static_cast<const char*>(from);
    enqueue(stream, Kind::kOther,
            [to, copy = std::string(first, bytes)] { memcpy(bytes_at(to), copy.data(), copy.size()); });
  } else {
    enqueue(stream, Kind::kOther, [=] { memcpy(bytes_at(to), bytes_at(from), bytes); });
  }
  if (to_pageable) {
    ++counts.hidden_waits;
    drain(stream);
  }
  return answer(cudaSuccess);
}
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  ++counts.hidden_waits;
  const cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr);
  drain(nullptr);
  return error;
}
cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, std::size_t bytes,
                                cudaStream_t stream) {
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream);
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  ++counts.launches;
  enqueue(stream, Kind::kOther, [=] { memset(bytes_at(to), value, bytes); });
  return answer(cudaSuccess);
}
cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  const cudaError_t error = cudaMemsetAsync(to, value, bytes, nullptr);
  drain(nullptr);
  return error;
}

// LibTorch's own kernels do nothing here, and only without the operators' library.
cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void**, std::size_t, cudaStream_t) {
  ++counts.launches;
  return answer(kernels_fail ? cudaErrorNotSupported : cudaSuccess);
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t*, const void*, void**) {
  ++counts.launches;
  return answer(kernels_fail ? cudaErrorNotSupported : cudaSuccess);
}
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* function) {
  *kernel = reinterpret_cast<cudaKernel_t>(const_cast<void*>(function));
  return cudaSuccess;
}
cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int) {
  return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  memset(attributes, 0, sizeof(*attributes));
  attributes->maxThreadsPerBlock = 1024;
  attributes->numRegs = 32;
  attributes->ptxVersion = attributes->binaryVersion = 80;
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int, std::size_t) {
  *blocks = 2;
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void*, int, std::size_t,
                                                                   unsigned) {
  *blocks = 2;
  return cudaSuccess;
}
cudaError_t cudaGetSymbolAddress(void** address, const void*) {
  static char room[1 << 16];
  *address = room;
  return cudaSuccess;
}
cudaError_t cudaMemcpyToSymbol(const void*, const void*, std::size_t, std::size_t, cudaMemcpyKind) {
  return cudaSuccess;
}

}  // extern "C"
