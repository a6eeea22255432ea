// The communication thread of the engine: initialises and finalises MPI, and moves messages while the other
// threads of the rank compute.

#include <algorithm>
#include <sched.h>

#include "comm/mpi_state.h"
#include "comm/single_copy_probe.h"
#include "common/error.h"

namespace interlock::comm {

using Listener = Doorbell::Listener;
constexpr Pause kAway{200'000};        // while another thread drives: it rings before it stops
constexpr Pause kMeetingPause{500};    // nobody rings for a barrier
constexpr int kPassesForPieces = 200;  // some tens of microseconds: a sender in pieces rings while it sends

void ProgressEngine::run() {
  try {
    {
      const std::lock_guard driving(driving_);
      initialise();
    }
    progress_until_closed();
    if (!failed_) {
      const std::lock_guard driving(driving_);
      meet_and_leave();
    }
  } catch (...) {
    record_failure();
  }
}

void ProgressEngine::initialise() {
  mpi_->single_copy = choose_single_copy_mechanism();
  int provided = MPI_THREAD_SINGLE;
  INTERLOCK_MPI(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided));
  if (provided < MPI_THREAD_SERIALIZED)
    throw PeerError("this MPI was built without thread support (MPI_THREAD_SERIALIZED)");
  INTERLOCK_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  for (MPI_Comm* communicator : {&mpi_->data, &mpi_->control}) {
    INTERLOCK_MPI(MPI_Comm_dup(MPI_COMM_WORLD, communicator));
    INTERLOCK_MPI(MPI_Comm_set_errhandler(*communicator, MPI_ERRORS_RETURN));
  }
  mpi_->doorbell = std::make_unique<Doorbell>(MPI_COMM_WORLD);
  mpi_->activities = std::make_unique<SharedSlots>(MPI_COMM_WORLD, kActivityBytes);
  mpi_->delay = LinkDelay::from_environment();
  int* largest_tag = nullptr;
  int found = 0;
  INTERLOCK_MPI(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &largest_tag, &found));
  if (found == 0 || *largest_tag < Tag::kLargest)
    throw PeerError("this MPI's largest tag is too small (30 bits are needed)");

  const std::unique_lock lock(mutex_);
  INTERLOCK_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
  INTERLOCK_MPI(MPI_Comm_size(MPI_COMM_WORLD, &size_));
  move_activity(mpi_->activities->slot(rank_));
  ready_ = true;
  changed_.notify_all();
}

bool ProgressEngine::nothing_left() const {
  // In this order: what was prepared is queued before it is no longer counted.
  return prepared_ == 0 && !queued_ && mpi_->requests.empty() && !mpi_->holds_back();
}

bool ProgressEngine::poll_until_quiet(bool rung) {
  const int passes = rung && mpi_->in_pieces() ? kPassesForPieces : kPassesBeforeSleep;
  for (int idle = 0; idle < passes;) {
    if (wanting_ > 0) return false;
    idle = pass() ? 0 : idle + 1;
  }
  return true;
}

void ProgressEngine::progress_until_closed() {
  Doorbell& doorbell = *mpi_->doorbell;
  Pause pause = kShortestPause;
  bool rung = false;
  while (!failed_) {
    if (setup_pending_) run_thread_setup();
    std::uint32_t seen = doorbell.count();
    Pause longest = kAway;
    bool quiet = true;
    if (const std::unique_lock driving(driving_, std::try_to_lock); driving) {
      doorbell.listen(Listener::kNobody);
      quiet = poll_until_quiet(rung);
      if (closing_ && nothing_left()) return;
      longest = time_to_sleep(pause, closing_);
      seen = doorbell.count();
      doorbell.listen(Listener::kThread);
      quiet = quiet && !last_look();
      mpi_->handled = quiet ? seen : seen - 1;
    }
    if (!quiet)
      sched_yield();  // and see whether the one that wants to drive has got the lock
    else
      rung = doorbell.sleep(Listener::kThread, seen, longest);
    if (rung) pause = kShortestPause;
  }
}

// Leave together: a rank that finalised early would look dead to those still waiting for its data.
void ProgressEngine::meet_and_leave() {
  mpi_->doorbell->listen(Listener::kThread);
  MPI_Request barrier = MPI_REQUEST_NULL;
  INTERLOCK_MPI(MPI_Ibarrier(mpi_->control, &barrier));
  for (int met = 0; met == 0;) {
    const std::uint32_t seen = mpi_->doorbell->count();
    if (abort_code_ >= 0) MPI_Abort(MPI_COMM_WORLD, abort_code_);
    INTERLOCK_MPI(MPI_Test(&barrier, &met, MPI_STATUS_IGNORE));
    if (met == 0) mpi_->doorbell->sleep(Listener::kThread, seen, kMeetingPause);
  }
  finalise();
}

void ProgressEngine::finalise() {
  move_activity(nullptr);
  mpi_->activities->free();
  mpi_->doorbell->free();
  INTERLOCK_MPI(MPI_Comm_free(&mpi_->data));
  INTERLOCK_MPI(MPI_Comm_free(&mpi_->control));
  INTERLOCK_MPI(MPI_Finalize());
}

}  // namespace interlock::comm
