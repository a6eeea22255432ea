#pragma once
// Keeps the other cores at work while one stage is timed, as the other stages of a run will: cores share
// memory bandwidth and caches, and a stage that is timed alone looks quicker than it will be.

#include <atomic>
#include <thread>
#include <vector>

#include "training/run_plan.h"

namespace interlock::worker {

// Trains copies of the plan's stages on random data, one a thread, until destroyed. As many as the run has
// other stages on this host's cores.
class BusyNeighbours {
 public:
  // `plan` must outlive it.
  explicit BusyNeighbours(const training::RunPlan& plan);
  ~BusyNeighbours();
  BusyNeighbours(const BusyNeighbours&) = delete;
  BusyNeighbours& operator=(const BusyNeighbours&) = delete;

 private:
  void work(int stage) const;

  const training::RunPlan& plan_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace interlock::worker
