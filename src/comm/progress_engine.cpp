// The side of the engine that users call: post, wait, close.

#include "comm/progress_engine.h"

#include <limits>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "comm/mpi_state.h"
#include "comm/operation_pool.h"
#include "common/error.h"

namespace interlock::comm {

int checked_count(std::size_t bytes) {
  constexpr std::size_t kLimit = std::numeric_limits<int>::max();
  if (bytes > kLimit) {
    throw UsageError(fmt::format(
        "a message of {} bytes exceeds MPI's 2 GiB; use more micro-batches (schedule.micro_batches)", bytes));
  }
  return static_cast<int>(bytes);
}

std::string describe(const PendingOperation& operation) {
  switch (operation.kind) {
    case PendingOperation::Kind::kSend:
      return fmt::format("send of {} to rank {}", operation.tag.text(), operation.peer);
    case PendingOperation::Kind::kReceive:
      return fmt::format("receive of {} from rank {}", operation.tag.text(), operation.peer);
    case PendingOperation::Kind::kControlSend:
    case PendingOperation::Kind::kWatchSend:
      return fmt::format("control message to rank {}", operation.peer);
  }
  return "message";
}

ProgressEngine::ProgressEngine()
    : mpi_(std::make_unique<MpiState>()), pool_(std::make_shared<OperationPool>()) {
  queue_.reserve(mpi_->starting.capacity());
  watch_descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  // Nanoseconds, for this thread and those it starts: the kernel's 50 us would double the shortest pause.
  prctl(PR_SET_TIMERSLACK, 1000);
  thread_ = std::thread([this] { run(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ready_ || failure_; });
  if (failure_) {
    lock.unlock();
    thread_.join();
    std::rethrow_exception(failure_);
  }
}

ProgressEngine::~ProgressEngine() {
  try {
    close();
  } catch (...) {  // a destructor cannot report; who wants to know calls close()
  }
  ::close(watch_descriptor_);
}

ProgressEngine::Operation ProgressEngine::new_operation() {
  return std::allocate_shared<PendingOperation>(OperationAllocator<PendingOperation>(pool_));
}

ProgressEngine::Operation ProgressEngine::tensor_operation(Rank peer, Tag tag, const at::Tensor& tensor,
                                                           void* data) {
  Operation operation = new_operation();
  operation->peer = index(peer);
  operation->tag = tag;
  operation->data = data;
  operation->bytes = tensor.nbytes();
  operation->tensor = tensor;
  return operation;
}

ProgressEngine::Operation ProgressEngine::send_operation(Rank to, Tag tag, const at::Tensor& tensor) {
  Operation operation = tensor_operation(to, tag, tensor, const_cast<void*>(tensor.const_data_ptr()));
  operation->kind = PendingOperation::Kind::kSend;
  return operation;
}

ProgressEngine::Operation ProgressEngine::receive_operation(Rank from, Tag tag, const at::Tensor& buffer) {
  Operation operation = tensor_operation(from, tag, buffer, buffer.mutable_data_ptr());
  operation->kind = PendingOperation::Kind::kReceive;
  return operation;
}

Transfer ProgressEngine::send(Rank to, Tag tag, const at::Tensor& tensor) {
  return post(send_operation(to, tag, tensor));
}

Transfer ProgressEngine::receive(Rank from, Tag tag, const at::Tensor& buffer) {
  return post(receive_operation(from, tag, buffer));
}

void ProgressEngine::send_control(Rank to, std::string payload) {
  post_text(to, std::move(payload), /*for_watch=*/false);
}

void ProgressEngine::send_watch(Rank to, std::string payload) {
  post_text(to, std::move(payload), /*for_watch=*/true);
}

Transfer ProgressEngine::post_text(Rank to, std::string payload, bool for_watch) {
  Operation operation = new_operation();
  operation->kind = for_watch ? PendingOperation::Kind::kWatchSend : PendingOperation::Kind::kControlSend;
  operation->peer = index(to);
  operation->text = std::move(payload);
  operation->data = operation->text.data();
  operation->bytes = operation->text.size();
  return post(std::move(operation));
}

std::optional<ControlMessage> ProgressEngine::take_watch() {
  const std::lock_guard lock(mutex_);
  eventfd_t ignored = 0;
  eventfd_read(watch_descriptor_, &ignored);
  if (watch_inbox_.empty()) return std::nullopt;
  std::optional<ControlMessage> message = std::move(watch_inbox_.front());
  watch_inbox_.pop_front();
  if (!watch_inbox_.empty()) eventfd_write(watch_descriptor_, 1);
  return message;
}

std::optional<Activity> ProgressEngine::activity_of(Rank rank) const {
  const void* const slot = mpi_->activities->slot(index(rank));
  return slot == nullptr ? std::nullopt : std::optional<Activity>(read_activity(slot));
}

void ProgressEngine::ring_self() {
  mpi_->doorbell->ring_self();
}

void ProgressEngine::throw_if_failed() {
  if (!failed_) return;
  const std::lock_guard lock(mutex_);
  std::rethrow_exception(failure_);
}

void ProgressEngine::record_failure() {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
  failed_ = true;
  changed_.notify_all();
}

void ProgressEngine::close() {
  if (!thread_.joinable()) return;  // closed before
  closing_ = true;
  ring_self();
  thread_.join();
  throw_if_failed();
}

void ProgressEngine::abort(int exit_code) {
  abort_code_ = exit_code;
  ring_self();
  // The thread that drives calls MPI_Abort. If it cannot (it failed itself), leaving without MPI_Finalize
  // makes the launcher end the job just the same.
  std::this_thread::sleep_for(std::chrono::seconds(2));
  _exit(exit_code);
}

}  // namespace interlock::comm
