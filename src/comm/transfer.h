#pragma once
// One pending send or receive.

#include <memory>

namespace interlock::comm {

class ProgressEngine;
struct PendingOperation;  // engine's own; keeps the tensor's memory alive until MPI is done with it

// A transfer to or from a GPU's memory, as its channel knows it.
class DeviceTransfer {
 public:
  virtual ~DeviceTransfer() = default;
  virtual void wait() = 0;
  [[nodiscard]] virtual bool done() = 0;
};

// Handle of an operation in flight. Move-only. Letting go of a send's handle is fine (the channel completes
// it and keeps its memory alive); a receive must be waited for, or its data is lost. Threads: the one that
// made it.
class Transfer {
 public:
  Transfer() = default;
  Transfer(ProgressEngine* engine, std::shared_ptr<PendingOperation> operation);
  explicit Transfer(std::shared_ptr<DeviceTransfer> device);
  Transfer(Transfer&&) = default;
  Transfer& operator=(Transfer&&) = default;

  // A send: blocks until the tensor may be written to again. A receive: blocks until the data is there; for a
  // buffer on a GPU it may return earlier, once all that the compute stream is given from now on comes after
  // the data. Sleeps, but for a short while at first (progress_engine.h). Throws PeerError if the transport
  // failed.
  void wait();
  // True once it is complete; wait() does not block then.
  [[nodiscard]] bool done() const;
  [[nodiscard]] bool valid() const { return operation_ != nullptr || device_ != nullptr; }

 private:
  ProgressEngine* engine_ = nullptr;
  std::shared_ptr<PendingOperation> operation_;  // of an engine, or
  std::shared_ptr<DeviceTransfer> device_;       // of a GPU's channel
};

}  // namespace interlock::comm
