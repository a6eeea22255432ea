#pragma once
// One NCCL communicator with a stream of its own. Private to comm/nccl_*.cpp.
//
// It is made non-blocking: calls return at once and are polled for, so that a peer that never comes leads to
// an error after a while and not to a thread that is stuck in NCCL, and abort() can end what is under way
// from another thread at any time. Threads: one makes calls; abort() and poll() from any.

#include <functional>
#include <mutex>
#include <nccl.h>
#include <string>

#include "device/stream.h"

namespace interlock::comm {

struct NcclPlan {
  std::string name;  // for messages: "activations from stage 0 to 1"
  int rank = 0;      // of this process in it
  int size = 1;
  int most_blocks = 0;  // of a GPU's multiprocessors that its kernels may take; 0: NCCL decides
};

class NcclCommunicator {
 public:
  // Starts to join the others; complete after wait_until_idle().
  NcclCommunicator(NcclPlan plan, const ncclUniqueId& id, device::Stream stream);
  ~NcclCommunicator();  // aborts unless finished
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  [[nodiscard]] const device::Stream& stream() const { return stream_; }

  // The calls that `calls` makes, as one group; they are in the stream when this returns. No limit in time:
  // once connections are made it waits for nobody, and abort() ends it.
  using Calls = std::function<void(ncclComm_t communicator)>;
  void group(const Calls& calls);
  // The same for the first time, when the peers connect. Throws PeerError after `seconds`.
  void group_within(double seconds, const Calls& calls);

  // Until NCCL has done what it was asked. Throws PeerError with its words, or after `seconds`.
  void wait_until_idle(double seconds);

  // "" while all is well. Throws nothing.
  [[nodiscard]] std::string poll() noexcept;

  // Ends everything that is under way on the GPU too; from then on each call throws PeerError with `why`.
  void abort(const std::string& why) noexcept;

  // Lets all that was given end, then frees it. Collective; aborts instead where the others do not come.
  void finish(double seconds) noexcept;

 private:
  ncclResult_t state();  // ncclInProgress, or how it ended; throws if aborted

  const NcclPlan plan_;
  const device::Stream stream_;
  std::mutex mutex_;  // guards all below; held for calls, which do not block
  ncclComm_t communicator_ = nullptr;
  std::string failure_;  // why it was aborted
};

}  // namespace interlock::comm
