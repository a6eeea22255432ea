#include "comm/doorbell.h"

#include <algorithm>
#include <ctime>
#include <linux/futex.h>
#include <new>
#include <sys/syscall.h>
#include <unistd.h>

namespace interlock::comm {
namespace {

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* timeout) {
  return syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation, value, timeout, nullptr, 0);
}

}  // namespace

Doorbell::Doorbell(MPI_Comm world) {
  int ranks = 0;
  INTERLOCK_MPI(MPI_Comm_rank(world, &own_rank_));
  INTERLOCK_MPI(MPI_Comm_size(world, &ranks));
  INTERLOCK_MPI(MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, own_rank_, MPI_INFO_NULL, &host_));
  int on_host = 0;
  INTERLOCK_MPI(MPI_Comm_size(host_, &on_host));
  reaches_all_ = on_host == ranks;

  void* own = nullptr;
  INTERLOCK_MPI(
      MPI_Win_allocate_shared(sizeof(Bell), 1, MPI_INFO_NULL, host_, static_cast<void*>(&own), &window_));
  new (own) Bell{};
  INTERLOCK_MPI(MPI_Barrier(host_));  // no ring before every bell is made

  std::vector<int> world_ranks(static_cast<std::size_t>(on_host));
  INTERLOCK_MPI(MPI_Allgather(&own_rank_, 1, MPI_INT, world_ranks.data(), 1, MPI_INT, host_));
  bells_.assign(static_cast<std::size_t>(ranks), nullptr);
  for (int i = 0; i < on_host; ++i) {
    MPI_Aint bytes = 0;
    int unit = 0;
    void* bell = nullptr;
    INTERLOCK_MPI(MPI_Win_shared_query(window_, i, &bytes, &unit, static_cast<void*>(&bell)));
    bells_[static_cast<std::size_t>(world_ranks[static_cast<std::size_t>(i)])] = static_cast<Bell*>(bell);
  }
}

void Doorbell::free() {
  INTERLOCK_MPI(MPI_Win_free(&window_));
  INTERLOCK_MPI(MPI_Comm_free(&host_));
}

void Doorbell::ring(int rank) {
  Bell* const bell = bells_[static_cast<std::size_t>(rank)];
  if (bell == nullptr) return;
  // Sequentially consistent, and in the opposite order to sleep(): either the sleeper sees the new count, or
  // we see that it sleeps.
  bell->count.fetch_add(1);
  if (bell->sleeping.load() != 0) futex(bell->count, FUTEX_WAKE, 1, nullptr);
}

std::uint32_t Doorbell::count() const {
  return bells_[static_cast<std::size_t>(own_rank_)]->count.load();
}

bool Doorbell::sleep(std::uint32_t seen, std::chrono::microseconds longest) {
  Bell& bell = *bells_[static_cast<std::size_t>(own_rank_)];
  const timespec timeout{static_cast<time_t>(longest.count() / 1'000'000),
                         static_cast<long>(longest.count() % 1'000'000 * 1000)};
  bell.sleeping.store(1);
  if (bell.count.load() == seen) futex(bell.count, FUTEX_WAIT, seen, &timeout);
  bell.sleeping.store(0);
  return bell.count.load() != seen;
}

}  // namespace interlock::comm
