#pragma once
// An operation between posting and completion. Private to comm.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include <ATen/core/Tensor.h>

#include "comm/tag.h"

namespace interlock::comm {

struct PendingOperation {
  enum class Kind { kSend, kReceive, kControlSend };
  Kind kind = Kind::kSend;
  int peer = 0;
  Tag tag = Tag::tensor(0);  // control messages have none
  void* data = nullptr;
  std::size_t bytes = 0;

  // What owns `data`, one of these (none allocates for a tensor); let go on completion.
  at::Tensor tensor;
  std::string text;
  std::shared_ptr<const void> keep_alive;

  std::atomic<bool> complete{false};

  void let_go() {
    tensor.reset();
    keep_alive.reset();
  }
};

// MPI counts are ints. Throws UsageError, with what to do, for messages of 2 GiB and more.
int checked_count(std::size_t bytes);

// For messages: "receive of activation of micro-batch 2 from rank 1".
std::string describe(const PendingOperation& operation);

}  // namespace interlock::comm
