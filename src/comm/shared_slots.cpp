#include "comm/shared_slots.h"

#include <cstring>

namespace interlock::comm {

SharedSlots::SharedSlots(MPI_Comm world, std::size_t bytes) {
  int ranks = 0;
  INTERLOCK_MPI(MPI_Comm_rank(world, &own_rank_));
  INTERLOCK_MPI(MPI_Comm_size(world, &ranks));
  INTERLOCK_MPI(MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, own_rank_, MPI_INFO_NULL, &host_));
  INTERLOCK_MPI(MPI_Comm_size(host_, &on_host_));

  void* own = nullptr;
  INTERLOCK_MPI(MPI_Win_allocate_shared(static_cast<MPI_Aint>(bytes), 1, MPI_INFO_NULL, host_,
                                        static_cast<void*>(&own), &window_));
  std::memset(own, 0, bytes);
  INTERLOCK_MPI(MPI_Barrier(host_));  // nobody looks before all is zeroed

  std::vector<int> world_ranks(static_cast<std::size_t>(on_host_));
  INTERLOCK_MPI(MPI_Allgather(&own_rank_, 1, MPI_INT, world_ranks.data(), 1, MPI_INT, host_));
  slots_.assign(static_cast<std::size_t>(ranks), nullptr);
  for (int i = 0; i < on_host_; ++i) {
    MPI_Aint size = 0;
    int unit = 0;
    void* slot = nullptr;
    INTERLOCK_MPI(MPI_Win_shared_query(window_, i, &size, &unit, static_cast<void*>(&slot)));
    slots_[static_cast<std::size_t>(world_ranks[static_cast<std::size_t>(i)])] = slot;
  }
}

void SharedSlots::free() {
  INTERLOCK_MPI(MPI_Win_free(&window_));
  INTERLOCK_MPI(MPI_Comm_free(&host_));
}

}  // namespace interlock::comm
