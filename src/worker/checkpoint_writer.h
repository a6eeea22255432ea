#pragma once
// Writes a stage's shards while training goes on: the main thread hands over a snapshot, a thread of its own
// puts it on disk and says so.
//
// Owns:    the snapshot (one at a time, its memory used again) and the thread. Threads: the worker's main
// thread calls. Errors:  what goes wrong in the background comes out of the next call; poll check() while
// waiting for anything.

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "storage/checkpoint.h"
#include "training/stage_checkpoint.h"

namespace interlock::worker {

class CheckpointWriter {
 public:
  CheckpointWriter() = default;
  ~CheckpointWriter();  // lets a write that goes on end
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  // Waits for the write before. The caller fills it in and calls start().
  training::StageSnapshot& snapshot();

  // Returns at once; `written` is called on the writing thread when the snapshot's shard is on disk.
  void start(const std::string& directory, std::int64_t step,
             std::function<void(const storage::ShardInfo&)> written);

  // Throws what the writing thread has met.
  void check();
  // Waits until everything is on disk. Throws likewise.
  void finish();

 private:
  void run();

  struct Task {
    std::string directory;
    std::int64_t step = 0;
    std::function<void(const storage::ShardInfo&)> written;
  };

  training::StageSnapshot snapshot_;  // the writing thread's while writing_
  std::thread thread_;                // started by the first save()
  std::mutex mutex_;                  // guards what follows
  std::condition_variable changed_;
  Task task_;
  bool writing_ = false;
  bool ending_ = false;
  std::exception_ptr failure_;
};

}  // namespace interlock::worker
