#pragma once
// Tensors to and from other ranks: contiguous, of shapes and types that both sides have agreed on beforehand.
// Whether they are in host memory or a GPU's is the same to who sends and who receives; tensors in host
// memory travel over MPI in every channel.
//
//   MpiChannel         host memory
//   HostStagedChannel  GPU memory, by way of pinned host memory and MPI
//   CudaAwareChannel   GPU memory, by an MPI that takes its addresses
//   NcclChannel        GPU memory, by NCCL
//
// open_channel.h chooses. Threads: the one that computes, whose compute stream sends and receives fit into.
// Errors: PeerError once the transport has failed.

#include <exception>

#include <ATen/core/Tensor.h>

#include "comm/tag.h"
#include "comm/transfer.h"
#include "common/ids.h"

namespace interlock::comm {

class TensorChannel {
 public:
  virtual ~TensorChannel() = default;

  // What the compute stream makes of the tensor up to now is sent. The tensor must not be written to until
  // the transfer is done (on a GPU: what the compute stream does next may not write to it either); its memory
  // is kept alive until then.
  virtual Transfer send(Rank to, Tag tag, const at::Tensor& tensor) = 0;

  // Fills `buffer`, which must not be touched before wait() has returned.
  virtual Transfer receive(Rank from, Tag tag, const at::Tensor& buffer) = 0;

  // Between these two, transfers may be held back and start together at the end: none of them is waited for
  // before. For what travels together, such as the parts of one micro-batch and its targets; a group holds
  // the same messages at both ends.
  virtual void begin_group() {}
  virtual void end_group() {}

  // False: tags find their receives, which may be posted in any order and as early as one likes.
  // True: messages from one rank are received in the order it sends them, whatever their tags, so receives
  // must be posted in that order (activations apart from gradients). And not ahead of the program: a receive
  // spins on the GPU, and what makes CUDA wait for the whole GPU (freeing memory, loading a kernel when it is
  // first used) would wait for ever for data that depends on work this rank has yet to start. Posted where
  // the program needs it, with those that its sender sends before it, it depends on nothing but what was
  // started; the thread is ahead of the GPU anyway. A send larger than the transport's own buffers (NCCL: 1 to 4
  // MiB) spins likewise until its receive is posted, later in the peer's program: so nothing may make CUDA wait for
  // the whole GPU in the middle of a batch (device::Settings::ranks_wait_on_gpu).
  [[nodiscard]] virtual bool ordered() const { return false; }

  // Throws if the transport has failed since: what a GPU computed from then on is worthless, though it went
  // on. Call before results are used for good (an update, a checkpoint). Cheap.
  virtual void check() {}
};

// A group for as long as it lives, unless an exception ends it.
class TransferGroup {
 public:
  explicit TransferGroup(TensorChannel& channel) : channel_(channel) { channel_.begin_group(); }
  TransferGroup(const TransferGroup&) = delete;
  TransferGroup& operator=(const TransferGroup&) = delete;
  void end() {
    if (open_) channel_.end_group();
    open_ = false;
  }
  ~TransferGroup() noexcept(false) {
    if (std::uncaught_exceptions() == exceptions_) end();
  }

 private:
  TensorChannel& channel_;
  const int exceptions_ = std::uncaught_exceptions();
  bool open_ = true;
};

}  // namespace interlock::comm
