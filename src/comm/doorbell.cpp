#include "comm/doorbell.h"

#include <algorithm>
#include <ctime>
#include <linux/futex.h>
#include <new>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace interlock::comm {
namespace {

// The listener is the futex's bit set, so two threads can sleep on one word and be woken apart.
void wake(std::atomic<std::uint32_t>& word, std::uint32_t listener) {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE_BITSET, 1, nullptr, nullptr,
          listener);
}

// The deadline is of the monotonic clock.
void wait(std::atomic<std::uint32_t>& word, std::uint32_t value, const timespec& deadline,
          std::uint32_t listener) {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT_BITSET, value, &deadline, nullptr,
          listener);
}

timespec after(std::chrono::microseconds pause) {
  constexpr long kSecond = 1'000'000'000;
  timespec deadline{};
  clock_gettime(CLOCK_MONOTONIC, &deadline);
  const long nanoseconds = deadline.tv_nsec + static_cast<long>(pause.count() % 1'000'000 * 1000);
  deadline.tv_sec += static_cast<time_t>(pause.count() / 1'000'000 + nanoseconds / kSecond);
  deadline.tv_nsec = nanoseconds % kSecond;
  return deadline;
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
  crowded_ = on_host > sysconf(_SC_NPROCESSORS_ONLN);

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

void Doorbell::ring(int rank, Urgency urgency) {
  Bell* const bell = bells_[static_cast<std::size_t>(rank)];
  if (bell == nullptr) return;
  // What we have just sent comes before the look at the listener; listen() has the opposite order.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const auto listener = static_cast<Listener>(bell->listener.load(std::memory_order_relaxed));
  if (listener == Listener::kNobody) return;
  if (listener == Listener::kThread && urgency == Urgency::kLazy) return;
  bell->count.fetch_add(1);
  wake(bell->count, static_cast<std::uint32_t>(listener));
}

void Doorbell::ring_self() {
  own().count.fetch_add(1);
  const std::uint32_t listener = own().listener.load();
  if (listener != static_cast<std::uint32_t>(Listener::kNobody)) wake(own().count, listener);
}

std::uint32_t Doorbell::count() const {
  return own().count.load();
}

void Doorbell::listen(Listener listener) {
  own().listener.store(static_cast<std::uint32_t>(listener), std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

bool Doorbell::sleep(Listener self, std::uint32_t seen, std::chrono::microseconds longest) {
  if (longest.count() == 0) sched_yield();
  // The kernel compares the count once more, so a ring just now is not slept through.
  if (longest.count() > 0 && count() == seen)
    wait(own().count, seen, after(longest), static_cast<std::uint32_t>(self));
  return count() != seen;
}

}  // namespace interlock::comm
