#pragma once
// For tests only: a link with a latency, where the kernel cannot make one. What goes to another host leaves
// so much later; the sender is not held up. Private to comm.
//
// INTERLOCK_TEST_LINK_DELAY_MS: the delay in milliseconds, 0 to 10000 (unset: none of this exists);
// INTERLOCK_TEST_LINK_DELAY_ALL=1 delays what goes to ranks of the same host too. Every message is delayed
// once: the handshake that MPI makes of a large one is not.
//
// Threads: the one that holds the engine's driving lock, but for empty().

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>

#include "comm/doorbell.h"
#include "comm/pending_operation.h"

namespace interlock::comm {

class LinkDelay {
 public:
  using Clock = std::chrono::steady_clock;
  using Operation = std::shared_ptr<PendingOperation>;

  LinkDelay(std::chrono::microseconds delay, bool everyone) : delay_(delay), everyone_(everyone) {}
  // Null without the variable. Throws UsageError for a value that is no such number.
  static std::unique_ptr<LinkDelay> from_environment();

  // Takes a send that is to leave later: true. False for one that leaves now, because it is for a rank that
  // `doorbell` reaches, or has waited already. Messages to one rank keep their order: all wait alike.
  bool hold(const Operation& send, const Doorbell& doorbell);

  // The next send whose time has come, to be started before the next call; null if there is none.
  Operation next_due();

  [[nodiscard]] bool empty() const { return held_count_ == 0; }
  // How long nothing will be due; `most` if nothing is held.
  [[nodiscard]] std::chrono::microseconds until_next(std::chrono::microseconds most) const;

 private:
  struct Held {
    Clock::time_point due;
    Operation send;
  };

  std::chrono::microseconds delay_;
  bool everyone_;
  std::deque<Held> held_;  // in order of due times
  std::atomic<int> held_count_{0};
  const PendingOperation* leaving_ = nullptr;  // given out by next_due()
};

}  // namespace interlock::comm
