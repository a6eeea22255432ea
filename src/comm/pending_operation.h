#pragma once
// An operation between posting and completion. Private to comm.

#include <atomic>
#include <cstddef>
#include <string>

#include <ATen/core/Tensor.h>

#include "comm/tag.h"

namespace interlock::comm {

struct PendingOperation {
  enum class Kind { kSend, kReceive, kControlSend, kWatchSend };
  Kind kind = Kind::kSend;
  int peer = 0;
  Tag tag = Tag::tensor(0);  // control messages have none
  void* data = nullptr;
  std::size_t bytes = 0;

  // What owns `data`, one of these; the tensor is let go on completion.
  at::Tensor tensor;
  std::string text;

  std::atomic<bool> complete{false};
};

// MPI counts are ints. Throws UsageError, with what to do, for messages of 2 GiB and more.
int checked_count(std::size_t bytes);

// For messages: "receive of activation of micro-batch 2 from rank 1".
std::string describe(const PendingOperation& operation);

}  // namespace interlock::comm
