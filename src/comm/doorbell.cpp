#include "comm/doorbell.h"

#include <ctime>
#include <linux/futex.h>
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

Doorbell::Doorbell(MPI_Comm world)
    : slots_(world, sizeof(Bell)),
      own_(bell_of(slots_.own_rank())),
      crowded_(slots_.on_host() > sysconf(_SC_NPROCESSORS_ONLN)) {}

void Doorbell::free() {
  slots_.free();
}

void Doorbell::ring(int rank, Urgency urgency) {
  Bell* const bell = bell_of(rank);
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
