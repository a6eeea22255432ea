#include "worker/allocation_meter.h"

#include <memory>

#include <ATen/record_function.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

namespace interlock::worker {
namespace {

// LibTorch's allocators report to whoever is installed as the thread's memory profiler.
class Meter : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t size, std::size_t, std::size_t, c10::Device) override {
    bytes_ += size;  // negative when freed
  }
  [[nodiscard]] bool memoryProfilingEnabled() const override { return true; }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  std::int64_t bytes_ = 0;
};

}  // namespace

std::int64_t bytes_kept_by(const std::function<void()>& code) {
  // LibTorch's profiler, where it is on, would take the meter in its place for its own.
  const at::RecordFunctionGuard unrecorded(/*is_enabled=*/false);
  const auto meter = std::make_shared<Meter>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, meter);
  code();
  return meter->bytes();
}

}  // namespace interlock::worker
