// The communication thread of the engine: the only code of a running process that calls MPI.

#include <algorithm>
#include <chrono>
#include <sys/prctl.h>

#include <fmt/format.h>

#include "comm/mpi_state.h"
#include "comm/single_copy_probe.h"
#include "common/error.h"

namespace interlock::comm {
namespace {

using Pause = std::chrono::microseconds;
constexpr Pause kShortest{30};
// Without a doorbell nothing tells us of a message: half a millisecond late at most.
constexpr Pause kLongestUnrung{500};
// A large message that moves in pieces does so only while both sides poll.
constexpr Pause kLongestPiecewise{200};
// With a doorbell a poll is only a safety net.
constexpr Pause kSafetyNet{20'000};
// Open MPI's test and probe look first and make progress after, so what came with the ring shows in the
// second pass; a third for protocols of two steps.
constexpr int kPassesBeforeSleep = 3;

}  // namespace

void ProgressEngine::run() {
  try {
    initialise();
    progress_until_closed();
    meet_and_leave();
  } catch (...) {
    const std::unique_lock lock(mutex_);
    failure_ = std::current_exception();
  }
  changed_.notify_all();
}

void ProgressEngine::initialise() {
  prctl(PR_SET_TIMERSLACK,
        1000);  // nanoseconds: the kernel's default of 50 us would double the shortest pause
  mpi_->single_copy = choose_single_copy_mechanism();
  int provided = MPI_THREAD_SINGLE;
  INTERLOCK_MPI(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided));
  if (provided < MPI_THREAD_FUNNELED)
    throw PeerError("this MPI was built without thread support (MPI_THREAD_FUNNELED)");
  INTERLOCK_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  for (MPI_Comm* communicator : {&mpi_->data, &mpi_->control}) {
    INTERLOCK_MPI(MPI_Comm_dup(MPI_COMM_WORLD, communicator));
    INTERLOCK_MPI(MPI_Comm_set_errhandler(*communicator, MPI_ERRORS_RETURN));
  }
  mpi_->doorbell = std::make_unique<Doorbell>(MPI_COMM_WORLD);
  int* largest_tag = nullptr;
  int found = 0;
  INTERLOCK_MPI(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &largest_tag, &found));
  if (found == 0 || *largest_tag < Tag::kLargest)
    throw PeerError("this MPI's largest tag is too small (30 bits are needed)");

  const std::unique_lock lock(mutex_);
  INTERLOCK_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
  INTERLOCK_MPI(MPI_Comm_size(MPI_COMM_WORLD, &size_));
  ready_ = true;
  changed_.notify_all();
}

bool ProgressEngine::start_posted() {
  std::deque<std::shared_ptr<PendingOperation>> posted;
  {
    const std::unique_lock lock(mutex_);
    if (abort_code_ >= 0) MPI_Abort(MPI_COMM_WORLD, abort_code_);
    posted.swap(queue_);
  }
  for (const auto& operation : posted) {
    MPI_Request request = MPI_REQUEST_NULL;
    const int count = checked_count(operation->bytes);
    switch (operation->kind) {
      case PendingOperation::Kind::kSend:
        INTERLOCK_MPI(MPI_Isend(operation->data, count, MPI_BYTE, operation->peer, operation->tag, mpi_->data,
                                &request));
        break;
      case PendingOperation::Kind::kReceive:
        INTERLOCK_MPI(MPI_Irecv(operation->data, count, MPI_BYTE, operation->peer, operation->tag, mpi_->data,
                                &request));
        break;
      case PendingOperation::Kind::kControlSend:
        INTERLOCK_MPI(MPI_Isend(operation->data, count, MPI_BYTE, operation->peer, operation->tag,
                                mpi_->control, &request));
        break;
    }
    mpi_->doorbell->ring(operation->peer);  // a message for it, or the go-ahead for one it waits to send
    mpi_->requests.push_back(request);
    mpi_->operations.push_back(operation);
  }
  return !posted.empty();
}

bool ProgressEngine::complete_some() {
  if (mpi_->requests.empty()) return false;
  const int pending = static_cast<int>(mpi_->requests.size());
  std::vector<int> finished(static_cast<std::size_t>(pending));
  std::vector<MPI_Status> statuses(static_cast<std::size_t>(pending));
  int count = 0;
  INTERLOCK_MPI(MPI_Testsome(pending, mpi_->requests.data(), &count, finished.data(), statuses.data()));
  if (count <= 0) return false;

  for (int i = 0; i < count; ++i) {
    const PendingOperation& operation =
        *mpi_->operations[static_cast<std::size_t>(finished[static_cast<std::size_t>(i)])];
    if (operation.kind != PendingOperation::Kind::kReceive) continue;
    int received = 0;
    INTERLOCK_MPI(MPI_Get_count(&statuses[static_cast<std::size_t>(i)], MPI_BYTE, &received));
    if (static_cast<std::size_t>(received) != operation.bytes) {
      throw PeerError(fmt::format("{}: got {} bytes, expected {}: the ranks disagree about shapes",
                                  operation.what, received, operation.bytes));
    }
  }
  {
    const std::unique_lock lock(mutex_);
    for (int i = 0; i < count; ++i) {
      PendingOperation& operation =
          *mpi_->operations[static_cast<std::size_t>(finished[static_cast<std::size_t>(i)])];
      operation.complete = true;
      if (operation.kind == PendingOperation::Kind::kReceive)
        mpi_->doorbell->ring(operation.peer);  // it may wait for that
      operation.keep_alive.reset();
    }
  }
  changed_.notify_all();

  std::size_t kept = 0;
  for (std::size_t i = 0; i < mpi_->requests.size(); ++i) {
    if (mpi_->requests[i] == MPI_REQUEST_NULL) continue;  // Testsome cleared it
    mpi_->requests[kept] = mpi_->requests[i];
    mpi_->operations[kept++] = std::move(mpi_->operations[i]);
  }
  mpi_->requests.resize(kept);
  mpi_->operations.resize(kept);
  return true;
}

bool ProgressEngine::receive_control() {
  int waiting = 0;
  MPI_Status status;
  INTERLOCK_MPI(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, mpi_->control, &waiting, &status));
  if (waiting == 0) return false;
  int bytes = 0;
  INTERLOCK_MPI(MPI_Get_count(&status, MPI_BYTE, &bytes));
  ControlMessage message{Rank{status.MPI_SOURCE}, std::string(static_cast<std::size_t>(bytes), '\0')};
  INTERLOCK_MPI(MPI_Recv(message.payload.data(), bytes, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG,
                         mpi_->control, MPI_STATUS_IGNORE));
  {
    const std::unique_lock lock(mutex_);
    inbox_.push_back(std::move(message));
  }
  changed_.notify_all();
  return true;
}

void ProgressEngine::progress_until_closed() {
  Doorbell& doorbell = *mpi_->doorbell;
  Pause pause = kShortest;
  std::uint32_t seen = doorbell.count();
  for (int idle_passes = 0; true;) {
    if (idle_passes == 0) seen = doorbell.count();
    bool active = start_posted();
    active |= complete_some();
    active |= receive_control();
    {
      const std::unique_lock lock(mutex_);
      if (closing_ && queue_.empty() && mpi_->requests.empty()) return;
    }
    if (active) {
      pause = kShortest;
      idle_passes = 0;
      continue;
    }
    if (++idle_passes < kPassesBeforeSleep) continue;
    idle_passes = 0;
    const bool piecewise = !mpi_->single_copy && nudge_receivers();
    if (doorbell.reaches_all() && !piecewise) {
      doorbell.sleep(seen, kSafetyNet);
      continue;
    }
    pause = std::min(piecewise ? kLongestPiecewise : kLongestUnrung, pause + pause / 4);
    if (doorbell.sleep(seen, pause)) pause = kShortest;
  }
}

bool ProgressEngine::nudge_receivers() {
  bool sending = false;
  for (const auto& operation : mpi_->operations) {
    if (operation->kind == PendingOperation::Kind::kReceive) continue;
    sending = true;
    mpi_->doorbell->ring(operation->peer);
  }
  return sending;
}

// Leave together: a rank that finalised early would look dead to those still waiting for its data.
void ProgressEngine::meet_and_leave() {
  MPI_Request barrier = MPI_REQUEST_NULL;
  INTERLOCK_MPI(MPI_Ibarrier(mpi_->control, &barrier));
  for (int met = 0; met == 0;) {
    const std::uint32_t seen = mpi_->doorbell->count();
    start_posted();  // for an abort meanwhile
    INTERLOCK_MPI(MPI_Test(&barrier, &met, MPI_STATUS_IGNORE));
    if (met == 0) mpi_->doorbell->sleep(seen, kLongestUnrung);
  }
  finalise();
}

void ProgressEngine::finalise() {
  mpi_->doorbell->free();
  INTERLOCK_MPI(MPI_Comm_free(&mpi_->data));
  INTERLOCK_MPI(MPI_Comm_free(&mpi_->control));
  INTERLOCK_MPI(MPI_Finalize());
}

}  // namespace interlock::comm
