#pragma once
// An operation between posting and completion: what the facade hands to the communication thread. Private to
// comm.

#include <cstddef>
#include <memory>
#include <string>

namespace interlock::comm {

struct PendingOperation {
  enum class Kind { kSend, kReceive, kControlSend };
  Kind kind = Kind::kSend;
  int peer = 0;
  int tag = 0;
  void* data = nullptr;
  std::size_t bytes = 0;
  std::shared_ptr<const void> keep_alive;
  std::string what;       // for messages: "receive of activation of micro-batch 2 from rank 1"
  bool complete = false;  // guarded by the engine's mutex
};

// MPI counts are ints. Throws UsageError, with what to do, for messages of 2 GiB and more.
int checked_count(std::size_t bytes);

}  // namespace interlock::comm
