// The side of the engine that any thread may call: post, wait, close. The communication thread is in
// progress_loop.cpp.

#include "comm/progress_engine.h"

#include <chrono>
#include <limits>
#include <unistd.h>

#include <fmt/format.h>

#include "comm/mpi_state.h"
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

Transfer::Transfer(ProgressEngine* engine, std::shared_ptr<PendingOperation> operation)
    : engine_(engine), operation_(std::move(operation)) {}
void Transfer::wait() {
  engine_->wait(*operation_);
}
bool Transfer::done() const {
  return engine_->done(*operation_);
}

ProgressEngine::ProgressEngine() : mpi_(std::make_unique<MpiState>()) {
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
}

Transfer ProgressEngine::post(std::shared_ptr<PendingOperation> operation) {
  checked_count(operation->bytes);
  {
    const std::unique_lock lock(mutex_);
    throw_if_failed(lock);
    queue_.push_back(operation);
  }
  wake_communication_thread();
  return {this, std::move(operation)};
}

Transfer ProgressEngine::send(Rank to, Tag tag, const void* data, std::size_t bytes,
                              std::shared_ptr<const void> keep_alive) {
  auto operation = std::make_shared<PendingOperation>();
  *operation = {PendingOperation::Kind::kSend,
                index(to),
                tag.value(),
                const_cast<void*>(data),
                bytes,
                std::move(keep_alive),
                fmt::format("send of {} to rank {}", tag.text(), index(to)),
                false};
  return post(std::move(operation));
}

Transfer ProgressEngine::receive(Rank from, Tag tag, void* data, std::size_t bytes,
                                 std::shared_ptr<const void> keep_alive) {
  auto operation = std::make_shared<PendingOperation>();
  *operation = {PendingOperation::Kind::kReceive,
                index(from),
                tag.value(),
                data,
                bytes,
                std::move(keep_alive),
                fmt::format("receive of {} from rank {}", tag.text(), index(from)),
                false};
  return post(std::move(operation));
}

void ProgressEngine::send_control(Rank to, std::string payload) {
  const auto text = std::make_shared<const std::string>(std::move(payload));
  auto operation = std::make_shared<PendingOperation>();
  *operation = {PendingOperation::Kind::kControlSend,
                index(to),
                0,
                const_cast<char*>(text->data()),
                text->size(),
                text,
                fmt::format("control message to rank {}", index(to)),
                false};
  post(std::move(operation));
}

void ProgressEngine::wake_communication_thread() {
  mpi_->doorbell->ring(rank_);
}

void ProgressEngine::throw_if_failed(const std::unique_lock<std::mutex>&) const {
  if (failure_) std::rethrow_exception(failure_);
}

void ProgressEngine::wait(const PendingOperation& operation) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return operation.complete || failure_; });
  throw_if_failed(lock);
}

bool ProgressEngine::done(const PendingOperation& operation) const {
  const std::unique_lock lock(mutex_);
  return operation.complete;
}

ControlMessage ProgressEngine::next_control() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !inbox_.empty() || failure_; });
  throw_if_failed(lock);
  ControlMessage message = std::move(inbox_.front());
  inbox_.pop_front();
  return message;
}

std::optional<ControlMessage> ProgressEngine::next_control(double timeout_seconds) {
  {
    std::unique_lock lock(mutex_);
    const auto arrived = [this] { return !inbox_.empty() || failure_; };
    if (!changed_.wait_for(lock, std::chrono::duration<double>(timeout_seconds), arrived))
      return std::nullopt;
  }
  return next_control();
}

void ProgressEngine::close() {
  if (!thread_.joinable()) return;  // closed before
  {
    const std::unique_lock lock(mutex_);
    closing_ = true;
  }
  wake_communication_thread();
  thread_.join();
  const std::unique_lock lock(mutex_);
  throw_if_failed(lock);
}

void ProgressEngine::abort(int exit_code) {
  {
    const std::unique_lock lock(mutex_);
    abort_code_ = exit_code;
  }
  wake_communication_thread();
  // The communication thread calls MPI_Abort. If it cannot (it failed itself), leaving without MPI_Finalize
  // makes the launcher end the job just the same.
  std::this_thread::sleep_for(std::chrono::seconds(2));
  _exit(exit_code);
}

}  // namespace interlock::comm
