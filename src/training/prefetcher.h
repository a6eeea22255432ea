#pragma once
// Loads samples on threads of its own before they are asked for. What it gives is bit for bit what
// Dataset::load() gives.

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "data/dataset.h"

namespace interlock::training {

struct LoadRequest {
  const data::Dataset* set = nullptr;  // outlives the prefetcher
  std::vector<std::int64_t> samples;
  std::int64_t epoch = 0;
};

// Threads: announce(), take() and drop() are one thread's; the prefetcher's own threads share out the samples
// of a request among them. They load the oldest kRequestsAhead requests that were not taken yet, so memory is
// bounded by these, and whatever is being waited for; they sleep when these are ready.
class Prefetcher {
 public:
  static constexpr std::size_t kRequestsAhead = 3;

  explicit Prefetcher(int threads);  // REQUIRES threads >= 1
  ~Prefetcher();                     // waits for the samples that are being read, not for all requests
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // To be loaded after everything announced before. Returns the number to take it by. REQUIRES samples.
  std::uint64_t announce(LoadRequest request);

  // Waits until the request is loaded. Throws what load() threw. Each may be taken once.
  data::Batch take(std::uint64_t number);

  // The request will not be taken.
  void drop(std::uint64_t number);

 private:
  struct Pending;

  void stop();
  void run();
  std::shared_ptr<Pending> next_work();
  void load_part(Pending& pending, std::size_t begin, std::size_t end);

  std::mutex mutex_;
  std::condition_variable work_;  // for the threads: something to load, or the end
  std::condition_variable done_;  // for take()
  std::map<std::uint64_t, std::shared_ptr<Pending>> pending_;  // announced, neither taken nor dropped
  std::uint64_t next_number_ = 0;
  std::uint64_t waited_for_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace interlock::training
