#pragma once
// Streams and events: work that a device carries out in order, beside the thread that gave it. On the CPU the
// same code runs with streams that do everything at once and events that are always done, so nothing above
// this library asks which device there is.
//
// Both are handles: copies mean the same stream or event. Threads: any, one at a time per stream.

#include <functional>
#include <memory>

#include <ATen/core/Tensor.h>

namespace interlock::device {

// What a kind of device implements.
class EventWork {
 public:
  virtual ~EventWork() = default;
  [[nodiscard]] virtual bool done() = 0;
  virtual void synchronise() = 0;
  [[nodiscard]] virtual double seconds_since(EventWork& earlier) = 0;
};
class StreamWork;

enum class Timing { kOff, kOn };  // an event that knows when it happened costs a little more

// A point in a stream's work.
class Event {
 public:
  Event() = default;  // done at the beginning of time
  [[nodiscard]] bool done() const;
  void synchronise() const;  // blocks the calling thread until done
  // Both recorded with Timing::kOn and done, on one device.
  [[nodiscard]] double seconds_since(const Event& earlier) const;

 private:
  friend class Stream;
  std::shared_ptr<EventWork> work_;  // null: the CPU, done
  double time_ = 0;                  // of a CPU's event
};

class StreamWork {
 public:
  virtual ~StreamWork() = default;
  virtual std::shared_ptr<EventWork> record(Timing timing) = 0;
  virtual void wait(EventWork& event) = 0;
  virtual void copy(const at::Tensor& to, const at::Tensor& from) = 0;
  virtual void keep(const at::Tensor& tensor) = 0;
  virtual void run_on_host_after(std::function<void()> function) = 0;
  virtual void synchronise() = 0;
  [[nodiscard]] virtual void* native() const = 0;
};

class Stream {
 public:
  Stream() = default;  // the CPU's
  explicit Stream(std::shared_ptr<StreamWork> work) : work_(std::move(work)) {}

  // A point after all work given so far.
  [[nodiscard]] Event record(Timing timing = Timing::kOff) const;

  // What is given from now on comes after the event; the calling thread goes on.
  void wait(const Event& event) const;

  // Of the same shape and type. Host memory that takes part should be Device::staging(), or the calling
  // thread may be held up. Both tensors' memory is kept until the copy is done.
  void copy(const at::Tensor& to, const at::Tensor& from) const;

  // The tensor's memory, of another stream, is used by work given to this one: it is not handed out again
  // before that is done, though the last tensor that holds it may be gone.
  void keep(const at::Tensor& tensor) const;

  // Calls `function` once all work given so far is done; on the CPU at once, else on a thread of the
  // device's: it must be quick, must not throw, and must neither use the device nor drop the last hold on its
  // memory.
  void run_on_host_after(std::function<void()> function) const;

  void synchronise() const;  // blocks the calling thread until all work given so far is done

  [[nodiscard]] void* native() const { return work_ ? work_->native() : nullptr; }  // cudaStream_t, or null

 private:
  std::shared_ptr<StreamWork> work_;  // null: the CPU
};

}  // namespace interlock::device
