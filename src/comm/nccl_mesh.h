#pragma once
// All NCCL communicators of a worker, and the thread that watches over them. Private to comm/nccl_*.cpp.
//
// Between the stages b and b + 1 there are two, over all replicas of both: what goes up has one, what comes
// down the other, so that neither waits for the other. They are made when the run starts, those of even b
// before those of odd b, which is an order that all ranks share and that lets pairs of stages connect side by
// side. Each is used once at once, so that connections are made then: a rank that connects waits for its
// peer, and would do so in the middle of a step, where the peer may be waiting for something else. A stage
// with replicas has one more.
//
// Threads: one, besides the watchdog, which aborts all of them when NCCL or the engine reports an error: what
// spins on the GPU for a peer that has died ends then.

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "comm/nccl_communicator.h"
#include "comm/progress_engine.h"
#include "common/placement.h"
#include "device/device.h"

namespace interlock::comm {

class NcclMesh {
 public:
  // Collective over all workers.
  NcclMesh(ProgressEngine& engine, const Placement& placement, device::Device& device);
  // Lets all that is under way end; aborts it after an error, or while an exception is on its way.
  ~NcclMesh();
  NcclMesh(const NcclMesh&) = delete;
  NcclMesh& operator=(const NcclMesh&) = delete;

  // Of one boundary: `first` is the world rank of its rank 0.
  struct Lanes {
    std::unique_ptr<NcclCommunicator> up, down;
    int first = 0;
    std::vector<ncclUniqueId> ids;  // of up and down
  };
  [[nodiscard]] Lanes& above() { return above_; }  // empty at the last stage
  [[nodiscard]] Lanes& below() { return below_; }  // empty at stage 0
  // Over the replicas of this stage; null where it has one.
  [[nodiscard]] NcclCommunicator* replicas() { return replicas_.get(); }

  void check() const;  // throws PeerError once aborted

 private:
  void open_boundary(int lower_stage, Lanes& lanes);
  void open_replicas();
  enum Id : std::size_t {
    kUp,
    kDown,
    kReplicas,
    kIds
  };  // of a stage: to the stage above, from it, among replicas
  void make_ids();
  void share_ids();
  [[nodiscard]] std::vector<Rank> replicas_of(int stage) const;
  [[nodiscard]] std::vector<Rank> boundary(int lower) const;  // the lower stage's ranks, then the upper's
  template <class Use>
  void for_each_boundary(const Use& use);  // of this rank, in the order that all ranks share
  void finish_warm_up(const NcclCommunicator& communicator) const;
  [[nodiscard]] std::vector<NcclCommunicator*> all();

  void watch();
  void abort_all(const std::string& why);

  ProgressEngine& engine_;
  const Placement placement_;  // a copy: the caller's may be a temporary
  const Place own_;
  device::Device& device_;
  const int exceptions_;                  // on their way when this was made
  std::array<ncclUniqueId, kIds> ids_{};  // made by the stage's replica 0
  ncclUniqueId replicas_id_{};
  Lanes above_, below_;
  std::unique_ptr<NcclCommunicator> replicas_;

  std::atomic<bool> aborted_{false};
  mutable std::mutex mutex_;  // guards the two below
  std::string failure_;
  bool stopping_ = false;
  std::condition_variable stop_;
  std::thread watchdog_;
};

}  // namespace interlock::comm
