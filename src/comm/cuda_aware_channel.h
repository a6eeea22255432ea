#pragma once
// Tensors in a GPU's memory, given to an MPI that takes a GPU's addresses. Tags find their receives.
//
// MPI knows nothing of streams: a send starts once the compute stream has made the tensor, a receive once it
// has let go of the buffer, each told by the GPU itself, so that the thread goes on. A receive is waited for
// by the thread.

#include "comm/later_starts.h"
#include "comm/mpi_channel.h"
#include "device/device.h"

namespace interlock::comm {

// Whether Open MPI says so of itself, when built and when run. Call after MPI has started.
bool mpi_takes_gpu_memory();

class CudaAwareChannel : public TensorChannel {
 public:
  CudaAwareChannel(ProgressEngine& engine, device::Device& device);
  ~CudaAwareChannel() override;  // waits for what has not started
  CudaAwareChannel(const CudaAwareChannel&) = delete;
  CudaAwareChannel& operator=(const CudaAwareChannel&) = delete;

  Transfer send(Rank to, Tag tag, const at::Tensor& tensor) override;
  Transfer receive(Rank from, Tag tag, const at::Tensor& buffer) override;

 private:
  ProgressEngine& engine_;
  device::Device& device_;
  MpiChannel host_;
  LaterStarts later_;
  device::Stream sends_;  // two: a buffer still in use must not hold up a send
  device::Stream receives_;
};

}  // namespace interlock::comm
