#pragma once
// Tensors that a stream of the device still reads. Their memory would be kept by the device's allocator alone
// (Stream::keep), but not their contents: who uses a buffer again as soon as nobody holds it, as
// worker::BufferPool does, must see that somebody does. Threads: one.

#include <deque>
#include <utility>

#include <ATen/core/Tensor.h>

#include "device/stream.h"

namespace interlock::comm {

class HeldTensors {
 public:
  void hold_until(device::Event read, at::Tensor tensor) {
    held_.emplace_back(std::move(read), std::move(tensor));
  }
  // Lets go of what has been read, in the order of holding: events of one stream. Never blocks.
  void let_go() {
    while (!held_.empty() && held_.front().first.done()) held_.pop_front();
  }

 private:
  std::deque<std::pair<device::Event, at::Tensor>> held_;
};

}  // namespace interlock::comm
