#pragma once
// Transfers that a stream starts once its work so far is done. Counts them, so that the engine is told if a
// stream fails and never gets there. Private to comm.

#include <atomic>

#include "comm/progress_engine.h"
#include "device/stream.h"

namespace interlock::comm {

// Threads: one, and the devices' callbacks.
class LaterStarts {
 public:
  explicit LaterStarts(ProgressEngine& engine) : engine_(engine) {}
  LaterStarts(const LaterStarts&) = delete;
  LaterStarts& operator=(const LaterStarts&) = delete;

  Transfer start_after(const device::Stream& stream, ProgressEngine::Prepared prepared);

  // Waits for the stream; call for each before this object goes. Does not throw.
  void drain(const device::Stream& stream) noexcept;

 private:
  ProgressEngine& engine_;
  std::atomic<int> waiting_{0};
};

}  // namespace interlock::comm
