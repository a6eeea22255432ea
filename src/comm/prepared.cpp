// Transfers that start later: a device says when.

#include <utility>

#include "comm/mpi_state.h"

namespace interlock::comm {

ProgressEngine::Prepared ProgressEngine::prepare(Operation operation) {
  throw_if_failed();
  checked_count(operation->bytes);
  ++prepared_;
  auto start_later = [this, operation] {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(operation);
      queued_ = true;
    }
    ring_self();
    --prepared_;  // last: from here on close() may go on
  };
  return {Transfer(this, std::move(operation)), std::move(start_later)};
}

ProgressEngine::Prepared ProgressEngine::prepare_send(Rank to, Tag tag, const at::Tensor& tensor) {
  return prepare(send_operation(to, tag, tensor));
}

ProgressEngine::Prepared ProgressEngine::prepare_receive(Rank from, Tag tag, const at::Tensor& buffer) {
  return prepare(receive_operation(from, tag, buffer));
}

void ProgressEngine::give_up_prepared(int count) {
  prepared_ -= count;
}

void ProgressEngine::set_up_thread(const std::function<void()>& setup) {
  {
    const std::lock_guard lock(mutex_);
    thread_setup_ = &setup;
    setup_pending_ = true;
  }
  ring_self();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !setup_pending_ || failed_; });
  lock.unlock();
  throw_if_failed();
}

void ProgressEngine::run_thread_setup() {
  (*thread_setup_)();  // set before setup_pending_, and left alone until that is false
  {
    const std::lock_guard lock(mutex_);
    setup_pending_ = false;
  }
  changed_.notify_all();
}

bool ProgressEngine::on_this_host(Rank rank) const {
  return mpi_->doorbell->reaches(index(rank));
}

}  // namespace interlock::comm
