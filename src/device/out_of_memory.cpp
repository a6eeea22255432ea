#include "device/out_of_memory.h"

#include <fmt/format.h>

#include "common/text.h"
#include "device/cuda_device.h"

namespace interlock::device {
namespace {

// CUDA's libraries have words of their own.
constexpr const char* kOtherWords[] = {"CUDA error: out of memory", "CUDA out of memory",
                                       "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED",
                                       "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"};

bool is_out_of_memory(const c10::Error& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const std::string text = error.what_without_backtrace();
  for (const char* words : kOtherWords) {
    if (text.find(words) != std::string::npos) return true;
  }
  return false;
}

std::string table(const MemoryFigures& memory) {
  const auto bytes = [](std::int64_t count) { return format_bytes(static_cast<double>(count)); };
  return fmt::format(
      "; of {} this rank's tensors hold {} (at most {} so far), it keeps {} for more, and {} are free",
      bytes(memory.total), bytes(memory.allocated), bytes(memory.peak_allocated),
      bytes(memory.reserved - memory.allocated), bytes(memory.free));
}

}  // namespace

std::optional<std::string> describe_out_of_memory(const c10::Error& error) {
  if (!is_out_of_memory(error)) return std::nullopt;
  std::string text = "the GPU is out of memory";
  try {
    if (const MemoryFigures memory = current_gpu_memory(); memory.total > 0) text += table(memory);
  } catch (...) {  // the figures are only an extra
  }
  return text +
         ". Use more micro-batches (schedule.micro_batches), training.recompute=true, a smaller batch "
         "(training.batch_size), or more stages with fewer layers each (partition.stages)";
}

}  // namespace interlock::device
