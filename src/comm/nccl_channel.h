#pragma once
// Tensors in a GPU's memory, by NCCL. Private to comm/nccl_*.cpp.
//
// Between neighbouring stages only; others, and stages with their own replicas, go by way of host memory.
// NCCL knows no tags: receives from a rank must be posted in its order of sending, separately up and down.
// Nothing is waited for by the thread but a send whose wait() is called: streams wait for streams. So what is
// sent is held here until its lane has read it, long after the caller has let go of it.

#include <vector>

#include "comm/held_tensors.h"
#include "comm/host_staged_channel.h"
#include "comm/nccl_mesh.h"

namespace interlock::comm {

class NcclChannel : public TensorChannel {
 public:
  NcclChannel(ProgressEngine& engine, const Placement& placement, device::Device& device,
              std::shared_ptr<NcclMesh> mesh);

  Transfer send(Rank to, Tag tag, const at::Tensor& tensor) override;
  Transfer receive(Rank from, Tag tag, const at::Tensor& buffer) override;
  void begin_group() override;
  void end_group() override;
  [[nodiscard]] bool ordered() const override { return true; }
  void check() override { mesh_->check(); }

 private:
  class InStream;  // a transfer
  struct Posted {
    at::Tensor tensor;
    int peer = 0;
    bool sends = false;
    std::shared_ptr<InStream> transfer;
  };
  // One direction across one boundary: this rank only sends in it, or only receives.
  struct Lane {
    NcclCommunicator* communicator = nullptr;
    std::vector<Posted> posted;  // of the open group
    HeldTensors held;            // sent, not yet read
  };

  [[nodiscard]] bool neighbour(Rank peer) const;
  Transfer post(Rank peer, const at::Tensor& tensor, bool sends);
  void hand_over(Lane& lane);
  void let_go();

  device::Device& device_;
  const Placement placement_;
  const int stage_;
  std::shared_ptr<NcclMesh> mesh_;
  HostStagedChannel staged_;
  Lane to_above_, from_above_, to_below_, from_below_;
  int open_groups_ = 0;
};

}  // namespace interlock::comm
