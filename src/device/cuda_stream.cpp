#if INTERLOCK_CUDA
#include "device/cuda_stream.h"

#include <array>
#include <mutex>
#include <utility>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>

#include "device/cuda_check.h"

namespace interlock::device {

// Never destroyed before its last event: each holds it.
class CudaEventPool {
 public:
  CudaEventPool() = default;
  CudaEventPool(const CudaEventPool&) = delete;
  CudaEventPool& operator=(const CudaEventPool&) = delete;
  ~CudaEventPool() {
    for (const auto& free : free_) {
      for (cudaEvent_t event : free) (void)cudaEventDestroy(event);
    }
  }

  cudaEvent_t take(Timing timing) {
    {
      const std::lock_guard lock(mutex_);
      auto& free = free_[static_cast<std::size_t>(timing)];
      if (!free.empty()) {
        cudaEvent_t event = free.back();
        free.pop_back();
        return event;
      }
    }
    // Who waits for an event sleeps in the driver instead of polling: a rank that waits must not burn a core.
    const unsigned flags =
        cudaEventBlockingSync | (timing == Timing::kOn ? cudaEventDefault : cudaEventDisableTiming);
    cudaEvent_t event = nullptr;
    INTERLOCK_CUDA_CALL(cudaEventCreateWithFlags(&event, flags));
    return event;
  }
  void give_back(cudaEvent_t event, Timing timing) {
    const std::lock_guard lock(mutex_);
    free_[static_cast<std::size_t>(timing)].push_back(event);
  }

 private:
  std::mutex mutex_;
  std::array<std::vector<cudaEvent_t>, 2> free_;  // [timing]
};

namespace {

class CudaEvent : public EventWork {
 public:
  CudaEvent(std::shared_ptr<CudaEventPool> pool, Timing timing)
      : pool_(std::move(pool)), timing_(timing), event_(pool_->take(timing)) {}
  CudaEvent(const CudaEvent&) = delete;
  CudaEvent& operator=(const CudaEvent&) = delete;
  // Streams that wait for it have noted the moment it was recorded at: it may be recorded anew.
  ~CudaEvent() override { pool_->give_back(event_, timing_); }

  bool done() override {
    const cudaError_t state = cudaEventQuery(event_);
    if (state == cudaErrorNotReady) {
      (void)cudaGetLastError();
      return false;
    }
    INTERLOCK_CUDA_CALL(state);
    return true;
  }
  void synchronise() override { INTERLOCK_CUDA_CALL(cudaEventSynchronize(event_)); }
  double seconds_since(EventWork& earlier) override {
    float milliseconds = 0;
    INTERLOCK_CUDA_CALL(cudaEventElapsedTime(&milliseconds, static_cast<CudaEvent&>(earlier).event_, event_));
    return 1e-3 * static_cast<double>(milliseconds);
  }
  [[nodiscard]] cudaEvent_t native() const { return event_; }

 private:
  std::shared_ptr<CudaEventPool> pool_;
  Timing timing_;
  cudaEvent_t event_;
};

void call_and_delete(void* function) {
  const std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(function));
  (*owned)();
}

class CudaStream : public StreamWork {
 public:
  CudaStream(c10::cuda::CUDAStream stream, std::shared_ptr<CudaEventPool> pool)
      : stream_(stream), pool_(std::move(pool)) {}

  std::shared_ptr<EventWork> record(Timing timing) override {
    const c10::cuda::CUDAGuard guard(stream_.device_index());
    auto event = std::make_shared<CudaEvent>(pool_, timing);
    INTERLOCK_CUDA_CALL(cudaEventRecord(event->native(), stream_.stream()));
    return event;
  }

  void wait(EventWork& event) override {
    const c10::cuda::CUDAGuard guard(stream_.device_index());
    INTERLOCK_CUDA_CALL(
        cudaStreamWaitEvent(stream_.stream(), static_cast<CudaEvent&>(event).native(), cudaEventWaitDefault));
  }

  void copy(const at::Tensor& to, const at::Tensor& from) override {
    const c10::cuda::CUDAStreamGuard guard(stream_);
    const at::NoGradGuard no_grad;
    to.copy_(from, /*non_blocking=*/true);  // notes the use of pinned memory itself
    keep(to);
    keep(from);
  }

  void keep(const at::Tensor& tensor) override {
    if (tensor.is_cuda()) c10::cuda::CUDACachingAllocator::recordStream(tensor.storage().data_ptr(), stream_);
  }

  void run_on_host_after(std::function<void()> function) override {
    const c10::cuda::CUDAGuard guard(stream_.device_index());
    auto owned = std::make_unique<std::function<void()>>(std::move(function));
    INTERLOCK_CUDA_CALL(cudaLaunchHostFunc(stream_.stream(), &call_and_delete, owned.get()));
    (void)owned.release();
  }

  void synchronise() override { record(Timing::kOff)->synchronise(); }

  [[nodiscard]] void* native() const override { return stream_.stream(); }

 private:
  c10::cuda::CUDAStream stream_;
  std::shared_ptr<CudaEventPool> pool_;
};

}  // namespace

std::shared_ptr<CudaEventPool> make_event_pool() {
  return std::make_shared<CudaEventPool>();
}

std::shared_ptr<StreamWork> make_cuda_stream(c10::cuda::CUDAStream stream,
                                             std::shared_ptr<CudaEventPool> pool) {
  return std::make_shared<CudaStream>(stream, std::move(pool));
}

}  // namespace interlock::device
#endif
