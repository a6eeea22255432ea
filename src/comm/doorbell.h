#pragma once
// Lets a rank that has just sent something wake the receiver, so that a thread with nothing to do can sleep
// for long without being late. MPI itself has no way to sleep until a message comes.
//
// Owns:    a word of memory for each rank, shared by the ranks of a host (an MPI shared window: nothing of it is
//          left behind when a job dies), and the futex on it.
// Threads: made and freed by the communication thread, collectively; ring() and count() from any thread;
//          listen() from the thread that drives MPI (progress_engine.h).
// Ranks on other hosts cannot be rung: with any of them, reaches_all() is false and sleeps must be short.
//
// Two threads of a rank may sleep on its bell: one that waits for a message and drives MPI meanwhile, and the
// communication thread. The bell says which of them a ring is for, so that it wakes one, or none. To sleep
// without missing a message: read count(), listen(), look for work once more, sleep(). What was sent before
// listen() shows in that look; what comes later is counted.

#include <atomic>
#include <chrono>
#include <cstdint>

#include "comm/shared_slots.h"

namespace interlock::comm {

class Doorbell {
 public:
  enum class Listener : std::uint32_t {
    kNobody = 0,  // a thread is polling
    kThread = 1,  // the communication thread: everyone else of this rank is busy
    kWaiter = 2,  // a thread that can do nothing else
  };
  enum class Urgency {
    kNow,
    kLazy  // wakes only a thread that waits: one that computes will look soon enough
  };

  // Collective over `world`.
  explicit Doorbell(MPI_Comm world);
  // Collective.
  void free();

  [[nodiscard]] bool reaches_all() const { return slots_.reaches_all(); }
  // Whether that rank is on this host.
  [[nodiscard]] bool reaches(int rank) const { return bell_of(rank) != nullptr; }
  // More ranks on this host than cores.
  [[nodiscard]] bool crowded() const { return crowded_; }

  // Wakes whoever listens for `rank`; where nobody does it costs a look at a shared word. Nothing happens for
  // a rank on another host.
  void ring(int rank, Urgency urgency);
  // Makes the thread of this rank that drives look once more, or, if none does, whoever listens.
  void ring_self();

  // How often this rank has been rung while somebody listened.
  [[nodiscard]] std::uint32_t count() const;

  // Says who is to be woken from now on.
  void listen(Listener listener);

  // Sleeps as `self` until a ring after `seen` for this listener, or for `longest` (0: lets other
  // threads run). True if rung.
  bool sleep(Listener self, std::uint32_t seen, std::chrono::microseconds longest);

 private:
  struct alignas(64) Bell {  // a cache line each
    std::atomic<std::uint32_t> count;
    std::atomic<std::uint32_t> listener;
  };
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "the bell is shared by processes");

  [[nodiscard]] Bell* bell_of(int rank) const { return static_cast<Bell*>(slots_.slot(rank)); }
  [[nodiscard]] Bell& own() const { return *own_; }

  SharedSlots slots_;  // zeroes: a bell that nobody has rung and nobody listens to
  Bell* own_;
  bool crowded_;
};

}  // namespace interlock::comm
