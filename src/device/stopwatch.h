#pragma once
// How long a device was busy with what lay between start() and stop(). On a GPU these only mark the compute
// stream, and cost the calling thread a few microseconds; the sum is read once per batch, and what is still to be done then in the next one.

#include <deque>
#include <utility>

#include "device/device.h"

namespace interlock::device {

// Threads: one. `Device` must outlive it.
class Stopwatch {
 public:
  explicit Stopwatch(Device& device) : device_(device) {}

  // Mark after what must be waited for (a receive): the stream's waiting counts as busy otherwise.
  void start();
  void stop();  // REQUIRES a start

  // Seconds between all starts and stops since the last call, but for those on a GPU that are not reached yet: they
  // count in the next call. Does not wait for the GPU.
  double take_seconds();

 private:
  Device& device_;
  Event started_;
  bool running_ = false;
  double seconds_ = 0;                             // of a CPU
  std::deque<std::pair<Event, Event>> stretches_;  // of a GPU, not yet read
};

}  // namespace interlock::device
