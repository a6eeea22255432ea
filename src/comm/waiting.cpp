// Posting and waiting: how threads take turns at driving MPI.
//
// The rule that loses no message: whoever stops driving has the communication thread listen to the bell,
// looks once more, and, if the bell was rung meanwhile, rings it again after unlocking. The communication
// thread, woken and finding MPI driven by another, may so leave everything to it.

#include <algorithm>
#include <sched.h>

#include "comm/control_wait.h"
#include "comm/mpi_state.h"
#include "common/error.h"

namespace interlock::comm {
namespace {

using Clock = std::chrono::steady_clock;
using Listener = Doorbell::Listener;

// Polling before sleeping, in microseconds: where messages answer each other, a sleep would add its wake-up
// to every hop. Doubled after a wait in which the next message came soon and halved after any other, so that
// a rank that waits for milliseconds, as all do in a pipeline of large micro-batches, does not burn its
// neighbour's core.
constexpr std::int64_t kShortestSpin = 2;
constexpr std::int64_t kLongestSpin = 2000;
constexpr std::int64_t kLongestCrowdedSpin = 20;  // more ranks than cores: who we wait for may need this one
// A sender in pieces rings while it sends; its receiver must keep up.
constexpr std::chrono::microseconds kPollForPieces{100};
constexpr int kPassesBeforeYield = 64;
constexpr int kRoundsOfCatchingUp = 4;
constexpr std::chrono::microseconds kPatience{50};  // for a driver that is about to stop
// For who waits while another thread drives: the driver may have gone without a word.
constexpr std::chrono::milliseconds kRetry{1};

constexpr Clock::time_point kNever = Clock::time_point::max();

constexpr int control_peer(int rank) {
  return Rank{rank} == kCoordinator ? kAnyRank : index(kCoordinator);
}

}  // namespace

void ProgressEngine::stop_driving(std::unique_lock<std::mutex> driving) {
  Doorbell& doorbell = *mpi_->doorbell;
  doorbell.listen(Listener::kThread);
  bool moved = true;
  for (int round = 0; moved && round < kRoundsOfCatchingUp; ++round) {
    const std::uint32_t seen = doorbell.count();
    moved = pass();  // not last_look(): control messages are for the user threads, who look themselves
    mpi_->handled = moved ? seen - 1 : seen;
  }
  hand_over(std::move(driving));
}

void ProgressEngine::hand_over(std::unique_lock<std::mutex> driving) {
  const bool polling = mpi_->needs_polling();
  const std::uint32_t handled = mpi_->handled;
  driving.unlock();
  // After unlocking: a thread woken before that may have found the lock taken and gone to sleep again.
  if (polling || mpi_->doorbell->count() != handled) ring_self();
}

template <class Work>
void ProgressEngine::guarded(const Work& work) {
  try {
    work();
  } catch (...) {
    record_failure();
    throw;
  }
}

template <class Work>
bool ProgressEngine::drive_briefly(const Work& work) {
  throw_if_failed();
  std::unique_lock driving(driving_, std::try_to_lock);
  if (!driving) return false;
  guarded([&] {
    work();
    hand_over(std::move(driving));
  });
  return true;
}

Transfer ProgressEngine::post(Operation operation) {
  checked_count(operation->bytes);
  const bool started = drive_briefly([&] {
    if (operation->kind != PendingOperation::Kind::kReceive && mpi_->sends > 0)
      complete_some();  // frees what was sent before
    start_queued();     // messages of one tag keep their order
    start(operation);
  });
  if (!started) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(operation);
      queued_ = true;
    }
    ring_self();  // the one who drives looks once more
  }
  return {this, std::move(operation)};
}

template <class Condition>
void ProgressEngine::drive_until(const Condition& met, Clock::time_point deadline, bool for_receipt) {
  Doorbell& doorbell = *mpi_->doorbell;
  const std::chrono::microseconds spin{spin_microseconds_};
  Clock::time_point now = Clock::now();
  Clock::time_point moved_at = now;
  Clock::time_point polls_until = now + spin;
  Clock::duration longest_quiet{0};
  Pause pause = kShortestPause;
  doorbell.listen(Listener::kNobody);
  for (int passes = 1, idle = 0; !failed_; ++passes) {
    const bool moved = pass();
    idle = moved ? 0 : idle + 1;
    if (!moved && idle < kPassesBeforeSleep) continue;
    now = Clock::now();
    longest_quiet = std::max(longest_quiet, now - moved_at);
    if (moved) {
      moved_at = now;
      polls_until = now + spin;
    }
    if (met() || now >= deadline) break;
    if (now < polls_until) {
      if (passes % kPassesBeforeYield == 0) sched_yield();
      continue;
    }
    Pause longest = time_to_sleep(pause, for_receipt);
    if (deadline != kNever)
      longest = std::min(longest, std::chrono::duration_cast<Pause>(deadline - now) + Pause{1});
    const std::uint32_t seen = doorbell.count();
    doorbell.listen(Listener::kWaiter);
    if (!last_look() && doorbell.sleep(Listener::kWaiter, seen, longest)) {
      pause = kShortestPause;
      if (mpi_->in_pieces()) polls_until = Clock::now() + kPollForPieces;
    }
    doorbell.listen(Listener::kNobody);
    idle = 0;
    if (met()) break;
  }
  const std::int64_t most = doorbell.crowded() ? kLongestCrowdedSpin : kLongestSpin;
  const bool soon = longest_quiet < std::chrono::microseconds(kLongestSpin);
  spin_microseconds_ = std::clamp(soon ? 2 * spin.count() : spin.count() / 2, kShortestSpin, most);
}

template <class Condition>
void ProgressEngine::wait_for_driver(const Condition& met, Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  ++sleeping_;
  changed_.wait_until(lock, std::min(deadline, Clock::now() + kRetry), [&] { return met() || failed_; });
  --sleeping_;
}

template <class Condition>
std::unique_lock<std::mutex> ProgressEngine::drive_soon(const Condition& met) {
  std::unique_lock driving(driving_, std::try_to_lock);
  if (driving) return driving;
  // The communication thread drives, and is about to stop: it sees that somebody wants to.
  ++wanting_;
  const Clock::time_point giving_up = Clock::now() + kPatience;
  while (!driving && !met() && Clock::now() < giving_up) {
    sched_yield();
    driving.try_lock();
  }
  --wanting_;
  return driving;
}

template <class Condition>
bool ProgressEngine::wait_until(const Condition& met, Clock::time_point deadline, bool for_receipt) {
  while (!met()) {
    throw_if_failed();
    if (std::unique_lock driving = drive_soon(met)) {
      guarded([&] {
        drive_until(met, deadline, for_receipt);
        stop_driving(std::move(driving));
      });
    } else if (!met()) {
      wait_for_driver(met, deadline);
    }
    if (deadline != kNever && Clock::now() >= deadline) return met();
  }
  return true;
}

void ProgressEngine::wait(const PendingOperation& operation) {
  if (operation.complete) return;
  const NoteWaiting noted(operation.peer, operation.tag.value());
  const bool for_receipt = operation.kind != PendingOperation::Kind::kReceive;
  wait_until([&] { return operation.complete.load(); }, kNever, for_receipt);
}

bool ProgressEngine::done(const PendingOperation& operation) {
  if (!operation.complete && !failed_) drive_briefly([this] { pass(); });
  return operation.complete;
}

ControlMessage ProgressEngine::next_control() {
  const NoteWaiting noted(control_peer(rank_), kControlWait);
  while (true) {
    if (auto message = take_control()) return std::move(*message);
    wait_until([this] { return arrived_.load(); }, kNever);
  }
}

std::optional<ControlMessage> ProgressEngine::next_control(double timeout_seconds) {
  const auto timeout = std::chrono::duration<double>(timeout_seconds);
  const Clock::time_point deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(timeout);
  const NoteWaiting noted(control_peer(rank_), kControlWait);
  while (wait_until([this] { return arrived_.load(); }, deadline)) {
    if (auto message = take_control()) return message;
  }
  return std::nullopt;
}

std::optional<ControlMessage> ProgressEngine::try_next_control() {
  if (!arrived_) {
    drive_briefly([this] {
      for (int i = 0; i < kPassesBeforeSleep && !arrived_; ++i) pass();
    });
  }
  return take_control();
}

std::optional<ControlMessage> ProgressEngine::take_control() {
  if (!arrived_) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (inbox_.empty()) return std::nullopt;  // another thread was faster
  std::optional<ControlMessage> message = std::move(inbox_.front());
  inbox_.pop_front();
  arrived_ = !inbox_.empty();
  return message;
}

void ProgressEngine::exclusively(const std::function<void()>& use) {
  throw_if_failed();
  ++wanting_;
  std::unique_lock driving(driving_);
  --wanting_;
  guarded([&] {
    use();
    hand_over(std::move(driving));
  });
}

}  // namespace interlock::comm
