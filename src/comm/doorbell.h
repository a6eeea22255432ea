#pragma once
// Lets a rank that has just sent something wake the communication thread of the receiver, so that a thread
// with nothing to do can sleep for long without being late. MPI itself has no way to sleep until a message
// comes.
//
// Owns:    a word of memory for each rank, shared by the ranks of a host (an MPI shared window: nothing of it
// is left
//          behind when a job dies), and the futex on it.
// Threads: made and freed by the communication thread, collectively; ring() from any thread.
// Ranks on other hosts cannot be rung: with any of them, reaches_all() is false and sleeps must be short.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "comm/mpi_check.h"

namespace interlock::comm {

class Doorbell {
 public:
  // Collective over `world`.
  explicit Doorbell(MPI_Comm world);
  // Collective.
  void free();

  [[nodiscard]] bool reaches_all() const { return reaches_all_; }

  // Wakes `rank`; costs a system call only if it sleeps. Nothing happens for a rank on another host.
  void ring(int rank);

  // How often this rank has been rung. Read it before looking for work, and hand it to sleep() after: a ring
  // in between is then not missed.
  [[nodiscard]] std::uint32_t count() const;

  // Returns at the next ring after `seen`, or after `longest`. True if rung.
  bool sleep(std::uint32_t seen, std::chrono::microseconds longest);

 private:
  struct alignas(64) Bell {  // a cache line each
    std::atomic<std::uint32_t> count;
    std::atomic<std::uint32_t> sleeping;
  };
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "the bell is shared by processes");

  int own_rank_ = 0;
  bool reaches_all_ = false;
  MPI_Comm host_ = MPI_COMM_NULL;
  MPI_Win window_ = MPI_WIN_NULL;
  std::vector<Bell*> bells_;  // by rank; null on other hosts
};

}  // namespace interlock::comm
