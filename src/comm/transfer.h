#pragma once
// One pending send or receive.

#include <memory>
#include <string>

namespace interlock::comm {

class ProgressEngine;
struct PendingOperation;  // engine's own; keeps the tensor's memory alive until MPI is done with it

// Handle of an operation in flight. Move-only. Letting go of a send's handle is fine (the engine completes it
// and keeps its memory alive); a receive must be waited for, or its data is lost. Threads: the one that made
// it.
class Transfer {
 public:
  Transfer() = default;
  Transfer(ProgressEngine* engine, std::shared_ptr<PendingOperation> operation);
  Transfer(Transfer&&) = default;
  Transfer& operator=(Transfer&&) = default;

  // Blocks until the operation is complete; sleeps, but for a short while at first (progress_engine.h).
  // Throws PeerError if the transport failed.
  void wait();
  [[nodiscard]] bool done() const;
  [[nodiscard]] bool valid() const { return operation_ != nullptr; }

 private:
  ProgressEngine* engine_ = nullptr;
  std::shared_ptr<PendingOperation> operation_;
};

}  // namespace interlock::comm
