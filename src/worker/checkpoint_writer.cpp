#include "worker/checkpoint_writer.h"

#include <utility>

#include "common/activity.h"
#include "common/fault_point.h"

namespace interlock::worker {

CheckpointWriter::~CheckpointWriter() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CheckpointWriter::check() {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

void CheckpointWriter::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !writing_; });
  if (failure_) std::rethrow_exception(failure_);
}

training::StageSnapshot& CheckpointWriter::snapshot() {
  finish();
  return snapshot_;
}

void CheckpointWriter::start(const std::string& directory, std::int64_t step,
                             std::function<void(const storage::ShardInfo&)> written) {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  {
    const std::lock_guard lock(mutex_);
    task_ = {directory, step, std::move(written)};
    writing_ = true;
  }
  changed_.notify_all();
}

void CheckpointWriter::run() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return writing_ || ending_; });
    if (!writing_) return;
    const Task task = std::move(task_);
    lock.unlock();
    std::exception_ptr failure;
    note_saving(task.step);
    try {
      fault_point("saving");
      task.written(training::write_snapshot(task.directory, snapshot_));
    } catch (...) {
      failure = std::current_exception();
    }
    note_saved();
    lock.lock();
    failure_ = failure ? failure : failure_;
    writing_ = false;
    changed_.notify_all();
  }
}

}  // namespace interlock::worker
