// What moves messages: every function here is called by the one thread that holds the engine's driving lock.

#include <algorithm>
#include <sys/eventfd.h>

#include <fmt/format.h>

#include "comm/mpi_state.h"
#include "common/error.h"

namespace interlock::comm {
namespace {

// Without a doorbell nothing tells us of a message: half a millisecond late at most.
constexpr Pause kLongestUnrung{500};
// Nobody rings to say that a message was received: the sender seldom waits for that.
constexpr Pause kLongestForReceipt{200};
// A large message that moves in pieces does so only while both sides poll.
constexpr Pause kLongestPiecewise{200};

// Of the two kinds of messages on the control communicator.
constexpr int kControlTag = 0;
constexpr int kWatchTag = 1;

}  // namespace

bool ProgressEngine::pass() {
  if (abort_code_ >= 0) MPI_Abort(MPI_COMM_WORLD, abort_code_);
  // Open MPI's calls look first and make progress after: what the probe's progress completes, Testsome then
  // finds.
  bool moved = start_queued();
  moved |= receive_control();
  moved |= complete_some();
  return moved;
}

bool ProgressEngine::last_look() {
  // Once more for a control message that the pass brought in but did not see.
  const bool moved = pass();
  return receive_control() || moved;
}

void ProgressEngine::start(const Operation& posted) {
  PendingOperation& operation = *posted;
  const int count = checked_count(operation.bytes);
  const bool receives = operation.kind == PendingOperation::Kind::kReceive;
  if (mpi_->delay && !receives && mpi_->delay->hold(posted, *mpi_->doorbell)) return;
  const bool small = operation.bytes <= kSmall;
  MPI_Request request = MPI_REQUEST_NULL;
  if (receives) {
    INTERLOCK_MPI(MPI_Irecv(operation.data, count, MPI_BYTE, operation.peer, operation.tag.value(),
                            mpi_->data, &request));
    // In pieces, the sender may be waiting for the go-ahead.
    if (!small && !mpi_->single_copy) mpi_->doorbell->ring(operation.peer, Doorbell::Urgency::kLazy);
  } else {
    const bool data = operation.kind == PendingOperation::Kind::kSend;
    const int text_tag = operation.kind == PendingOperation::Kind::kWatchSend ? kWatchTag : kControlTag;
    INTERLOCK_MPI(MPI_Isend(operation.data, count, MPI_BYTE, operation.peer,
                            data ? operation.tag.value() : text_tag, data ? mpi_->data : mpi_->control,
                            &request));
    // A small message is there already; a large one needs somebody to fetch it.
    mpi_->doorbell->ring(operation.peer, small ? Doorbell::Urgency::kLazy : Doorbell::Urgency::kNow);
  }
  if (small && !receives) {  // has often left already
    int finished = 0;
    INTERLOCK_MPI(MPI_Test(&request, &finished, MPI_STATUS_IGNORE));
    if (finished != 0) {
      complete(operation, 0);
      notify_waiting();
      return;
    }
  }
  if (!receives && !mpi_->single_copy) {
    mpi_->pieces_until = std::max(mpi_->pieces_until, std::chrono::steady_clock::now()) +
                         std::chrono::nanoseconds(operation.bytes);
  }
  mpi_->requests.push_back(request);
  mpi_->operations.push_back(posted);
  if (!receives) ++mpi_->sends;
}

bool ProgressEngine::start_queued() {
  bool moved = false;
  if (mpi_->delay) {
    while (const Operation due = mpi_->delay->next_due()) {
      start(due);
      moved = true;
    }
  }
  if (!queued_) return moved;
  auto& starting = mpi_->starting;
  {
    const std::lock_guard lock(mutex_);
    starting.swap(queue_);
    queued_ = false;
  }
  for (const Operation& operation : starting) start(operation);
  starting.clear();
  return true;
}

void ProgressEngine::complete(PendingOperation& operation, std::size_t received) {
  const bool receives = operation.kind == PendingOperation::Kind::kReceive;
  if (receives && received != operation.bytes) {
    throw PeerError(fmt::format("{}: got {} bytes, expected {}: the ranks disagree about shapes",
                                describe(operation), received, operation.bytes));
  }
  operation.tensor.reset();
  operation.complete = true;
}

bool ProgressEngine::complete_some() {
  auto& requests = mpi_->requests;
  auto& operations = mpi_->operations;
  if (requests.empty()) return false;
  if (mpi_->finished.size() < requests.size()) {
    mpi_->finished.resize(2 * requests.size());
    mpi_->statuses.resize(2 * requests.size());
  }
  int count = 0;
  INTERLOCK_MPI(MPI_Testsome(static_cast<int>(requests.size()), requests.data(), &count,
                             mpi_->finished.data(), mpi_->statuses.data()));
  if (count <= 0) return false;

  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    PendingOperation& operation = *operations[static_cast<std::size_t>(mpi_->finished[at])];
    int received = 0;
    if (operation.kind == PendingOperation::Kind::kReceive)
      INTERLOCK_MPI(MPI_Get_count(&mpi_->statuses[at], MPI_BYTE, &received));
    else
      --mpi_->sends;
    complete(operation, static_cast<std::size_t>(received));
  }
  notify_waiting();

  std::size_t kept = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (requests[i] == MPI_REQUEST_NULL) continue;  // Testsome cleared it
    requests[kept] = requests[i];
    if (kept != i) operations[kept] = std::move(operations[i]);
    ++kept;
  }
  requests.resize(kept);
  operations.resize(kept);
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
    const std::lock_guard lock(mutex_);
    if (status.MPI_TAG == kWatchTag) {
      watch_inbox_.push_back(std::move(message));
      eventfd_write(watch_descriptor_, 1);
      return true;
    }
    inbox_.push_back(std::move(message));
    arrived_ = true;
  }
  notify_waiting();
  return true;
}

void ProgressEngine::notify_waiting() {
  // Sequentially consistent: either a waiter's test sees what we have just set, or we see the waiter.
  if (sleeping_ == 0) return;
  { const std::lock_guard lock(mutex_); }  // it is between its test and its sleep, or asleep
  changed_.notify_all();
}

bool ProgressEngine::nudge_receivers() {
  for (const Operation& operation : mpi_->operations) {
    if (operation->kind != PendingOperation::Kind::kReceive)
      mpi_->doorbell->ring(operation->peer, Doorbell::Urgency::kNow);
  }
  return mpi_->sends > 0;
}

Pause ProgressEngine::time_to_sleep(Pause& pause, bool for_receipt) {
  const bool piecewise = !mpi_->single_copy && nudge_receivers();
  if (piecewise && mpi_->in_pieces() && std::chrono::steady_clock::now() < mpi_->pieces_until) {
    // On a crowded host a thread that yields waits for a whole time slice of one that computes; one that
    // sleeps goes first when it wakes.
    return mpi_->doorbell->crowded() ? kShortestPause : Pause{0};
  }
  Pause longest = kSafetyNet;
  if (!mpi_->doorbell->reaches_all()) longest = kLongestUnrung;
  if (piecewise) longest = kLongestPiecewise;
  if (for_receipt) longest = std::min(longest, kLongestForReceipt);
  pause = std::min(longest, pause + pause / 4);
  const Pause sleep = longest == kSafetyNet ? kSafetyNet : pause;
  return mpi_->delay ? mpi_->delay->until_next(sleep) : sleep;
}

}  // namespace interlock::comm
