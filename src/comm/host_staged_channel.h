#pragma once
// Tensors in a device's memory, by way of host memory: copied to a pinned buffer, sent from there by MPI, and
// the same backwards. Works between any two ranks, those that share a GPU included. Tags find their receives.
//
// The copies run on streams of their own, beside what the device computes. A send does not hold up its
// thread: the device itself starts MPI's part once the copy is there; until then the tensor is held. A receive is waited for by the thread,
// and its copy to the device by the compute stream.

#include "comm/held_tensors.h"
#include "comm/later_starts.h"
#include "comm/mpi_channel.h"
#include "device/device.h"

namespace interlock::comm {

class HostStagedChannel : public TensorChannel {
 public:
  HostStagedChannel(ProgressEngine& engine, device::Device& device);
  ~HostStagedChannel() override;  // waits for the copies
  HostStagedChannel(const HostStagedChannel&) = delete;
  HostStagedChannel& operator=(const HostStagedChannel&) = delete;

  Transfer send(Rank to, Tag tag, const at::Tensor& tensor) override;
  Transfer receive(Rank from, Tag tag, const at::Tensor& buffer) override;

 private:
  [[nodiscard]] at::Tensor staging_for(const at::Tensor& tensor);

  ProgressEngine& engine_;
  device::Device& device_;
  const bool pinned_;  // whether staging memory is: not where MPI could not read it from another process
  MpiChannel host_;
  LaterStarts later_;
  device::Stream to_host_;
  HeldTensors held_;  // sent, not yet copied
  device::Stream to_device_;
};

}  // namespace interlock::comm
