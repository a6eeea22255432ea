#pragma once
// A device that is no GPU but works like one: its streams are threads that carry out their work later, its
// memory is host memory that it knows by heart. So that code for GPUs can be tested, and late, without one.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "device/device.h"

namespace interlock::testing {

class ThreadedEvent : public device::EventWork, public std::enable_shared_from_this<ThreadedEvent> {
 public:
  bool done() override {
    const std::lock_guard lock(mutex_);
    return done_;
  }
  void synchronise() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }
  double seconds_since(device::EventWork& earlier) override {
    return std::chrono::duration<double>(time_ - static_cast<ThreadedEvent&>(earlier).time_).count();
  }
  void happen() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      time_ = std::chrono::steady_clock::now();
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::chrono::steady_clock::time_point time_;
};

class ThreadedStream : public device::StreamWork {
 public:
  using Holds = std::function<bool(const at::Tensor&)>;  // is it in the device's memory?
  ThreadedStream(std::chrono::microseconds delay, Holds holds)
      : delay_(delay), holds_(std::move(holds)), thread_([this] { run(); }) {}
  ~ThreadedStream() override {
    give(nullptr);
    thread_.join();
  }
  ThreadedStream(const ThreadedStream&) = delete;
  ThreadedStream& operator=(const ThreadedStream&) = delete;

  void give(std::function<void()> work) {  // null: the end
    {
      const std::lock_guard lock(mutex_);
      work_.push_back(std::move(work));
    }
    changed_.notify_all();
  }

  std::shared_ptr<device::EventWork> record(device::Timing) override {
    auto event = std::make_shared<ThreadedEvent>();
    give([event] { event->happen(); });
    return event;
  }
  void wait(device::EventWork& event) override {
    // Streams hold the event itself, as CUDA does.
    give([held = static_cast<ThreadedEvent&>(event).shared_from_this()] { held->synchronise(); });
  }
  void copy(const at::Tensor& to, const at::Tensor& from) override {
    give([there = as_kernel(to), here = as_kernel(from), this] {
      std::this_thread::sleep_for(delay_);
      there.copy_(here);
    });
  }
  void keep(const at::Tensor&) override {}  // the device's memory is never freed
  void run_on_host_after(std::function<void()> function) override { give(std::move(function)); }
  void synchronise() override { record(device::Timing::kOff)->synchronise(); }
  [[nodiscard]] void* native() const override { return nullptr; }

 private:
  // A device's work knows addresses: nobody can tell from a tensor that work on it is still to be done.
  [[nodiscard]] at::Tensor as_kernel(const at::Tensor& tensor) const {
    return holds_(tensor) ? torch::from_blob(tensor.mutable_data_ptr(), tensor.sizes(), tensor.strides(),
                                             tensor.options())
                          : tensor;
  }
  void run() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !work_.empty(); });
      std::function<void()> work = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      if (!work) return;
      work();
    }
  }

  std::chrono::microseconds delay_;
  Holds holds_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> work_;
  std::thread thread_;
};

class ThreadedDevice : public device::Device {
 public:
  // `copy_delay`: what a copy takes at least.
  explicit ThreadedDevice(std::chrono::microseconds copy_delay = std::chrono::microseconds(200))
      : delay_(copy_delay), compute_(make_stream()) {}
  ~ThreadedDevice() override { synchronise(); }
  ThreadedDevice(const ThreadedDevice&) = delete;
  ThreadedDevice& operator=(const ThreadedDevice&) = delete;

  [[nodiscard]] at::Device torch_device() const override { return at::kCPU; }
  [[nodiscard]] std::string description() const override { return "threads that stand in for a GPU"; }
  [[nodiscard]] bool holds(const at::Tensor& tensor) const override {
    return memory_.count(tensor.storage().data()) > 0;
  }
  device::Stream compute_stream() override { return device::Stream(compute_); }
  device::Stream new_stream(device::Priority) override { return device::Stream(make_stream()); }
  at::Tensor staging(const std::vector<std::int64_t>& sizes, at::ScalarType type) override {
    return torch::empty(sizes, type);
  }
  void synchronise() override { compute_->synchronise(); }

  // Memory of the device's; it is never freed, so that no tensor of the host's gets the same address.
  at::Tensor empty(const std::vector<std::int64_t>& sizes, at::ScalarType type) {
    tensors_.push_back(torch::zeros(sizes, type));
    memory_.insert(tensors_.back().storage().data());
    return tensors_.back();
  }
  // Work for the compute stream.
  void compute(std::function<void()> work) { compute_->give(std::move(work)); }

 private:
  [[nodiscard]] std::shared_ptr<ThreadedStream> make_stream() const {
    return std::make_shared<ThreadedStream>(delay_,
                                            [this](const at::Tensor& tensor) { return holds(tensor); });
  }

  std::chrono::microseconds delay_;
  std::shared_ptr<ThreadedStream> compute_;
  std::vector<at::Tensor> tensors_;
  std::set<const void*> memory_;
};

}  // namespace interlock::testing
