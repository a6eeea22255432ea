#pragma once
// A piece of memory for each rank, which the ranks of a host share: an MPI shared window, of which nothing is
// left behind when a job dies, however it dies.
//
// Threads: made and freed by the communication thread, collectively; what is in a slot is its users'
// business.

#include <cstddef>
#include <vector>

#include "comm/mpi_check.h"

namespace interlock::comm {

class SharedSlots {
 public:
  // Collective over `world`: `bytes` for each rank, zeroed.
  SharedSlots(MPI_Comm world, std::size_t bytes);
  // Collective.
  void free();

  [[nodiscard]] int own_rank() const { return own_rank_; }
  [[nodiscard]] int on_host() const { return on_host_; }  // ranks, this one included
  [[nodiscard]] bool reaches_all() const { return on_host_ == static_cast<int>(slots_.size()); }
  // Null for a rank on another host.
  [[nodiscard]] void* slot(int rank) const { return slots_[static_cast<std::size_t>(rank)]; }

 private:
  int own_rank_ = 0;
  int on_host_ = 0;
  MPI_Comm host_ = MPI_COMM_NULL;
  MPI_Win window_ = MPI_WIN_NULL;
  std::vector<void*> slots_;  // by rank
};

}  // namespace interlock::comm
