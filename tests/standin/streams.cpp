#include "streams.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace standin {

void Mark::reach() {
  {
    const std::lock_guard lock(mutex_);
    reached_ = true;
    when_ = std::chrono::steady_clock::now();
  }
  changed_.notify_all();
}

void Mark::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return reached_; });
}

bool Mark::reached() {
  const std::lock_guard lock(mutex_);
  return reached_;
}

std::chrono::steady_clock::time_point Mark::when() {
  const std::lock_guard lock(mutex_);
  return when_;
}

namespace {

struct Streams {
  std::mutex mutex;
  std::vector<cudaStream_t> all;
  cudaStream_t legacy = nullptr;
};

Streams& streams() {
  static auto* const made = new Streams;  // outlives its threads
  return *made;
}

}  // namespace

cudaStream_t new_stream() {
  Streams& made = streams();
  const std::lock_guard lock(made.mutex);
  made.all.push_back(new CUstream_st(made.all.size()));
  return made.all.back();
}

cudaStream_t real_stream(cudaStream_t stream) {
  if (stream != nullptr && stream != cudaStreamLegacy && stream != cudaStreamPerThread) return stream;
  static const cudaStream_t legacy = new_stream();
  return legacy;
}

void enqueue(cudaStream_t stream, Kind kind, Work work) {
  real_stream(stream)->give(kind, std::move(work));
}

void drain(cudaStream_t stream) {
  const auto mark = std::make_shared<Mark>();
  enqueue(stream, Kind::kMark, [mark] { mark->reach(); });
  mark->wait();
}

void drain_all() {
  std::vector<cudaStream_t> all;
  {
    const std::lock_guard lock(streams().mutex);
    all = streams().all;
  }
  for (const cudaStream_t stream : all) drain(stream);
}

}  // namespace standin

CUstream_st::CUstream_st(std::uint64_t number) : thread_([this, number] { run(number); }) {
  thread_.detach();
}

void CUstream_st::give(standin::Kind kind, standin::Work work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({kind, std::move(work)});
  }
  changed_.notify_all();
}

bool CUstream_st::idle() {
  const std::lock_guard lock(mutex_);
  return queue_.empty();
}

void CUstream_st::run(std::uint64_t number) {
  const standin::Settings& settings = standin::settings();
  std::mt19937_64 chance(settings.seed * 1000003 + static_cast<std::uint64_t>(settings.rank) * 101 + number);
  for (;;) {
    Piece piece;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !queue_.empty(); });
      piece = std::move(queue_.front());
    }
    long wait_us = 0;
    // Now and then: where each piece were late, streams would keep their order to each other.
    if (settings.delay_us > 0 && chance() % 4 == 0)
      wait_us = static_cast<long>(chance() % static_cast<unsigned long>(settings.delay_us));
    if (piece.kind == standin::Kind::kOperator) wait_us += standin::slow_us;
    if (wait_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(wait_us));
    const bool is_mark = piece.kind == standin::Kind::kMark;
    const auto leave_queue = [this] {
      const std::lock_guard lock(mutex_);
      queue_.pop_front();
    };
    if (is_mark) leave_queue();
    piece.work();
    piece.work = nullptr;
    if (!is_mark) leave_queue();
  }
}
