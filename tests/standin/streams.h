#pragma once
// Streams as threads with a queue, events as marks in them. Private to the stand-in's CUDA runtime.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "standin.h"

namespace standin {

// A point in a stream's work that will be reached, or has been.
class Mark {
 public:
  void reach();
  void wait();
  bool reached();
  std::chrono::steady_clock::time_point when();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  std::chrono::steady_clock::time_point when_;
};

}  // namespace standin

// CUDA's handles.
struct CUstream_st {
  explicit CUstream_st(std::uint64_t number);
  void give(standin::Kind kind, standin::Work work);
  bool idle();

 private:
  struct Piece {
    standin::Kind kind;
    standin::Work work;
  };
  [[noreturn]] void run(std::uint64_t number);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> queue_;  // its front is under way
  std::thread thread_;
};

struct CUevent_st {
  std::mutex mutex;
  bool timed = true;
  std::shared_ptr<standin::Mark> last;  // recorded; null: never, which counts as reached
};

namespace standin {

cudaStream_t new_stream();
cudaStream_t real_stream(cudaStream_t stream);  // the legacy stream's handle is null
void drain_all();

}  // namespace standin
