#pragma once
// Opens the channel that suits where the ranks are and what they compute on.

#include <memory>
#include <string>

#include "comm/all_reduce.h"
#include "comm/progress_engine.h"
#include "comm/tensor_channel.h"
#include "comm/transport.h"
#include "common/placement.h"
#include "device/device.h"

namespace interlock::comm {

struct OpenedChannel {
  std::unique_ptr<TensorChannel> channel;
  // Sums over this rank's stage where the transport does that best itself; null where it does not, or where
  // the stage has one replica.
  std::shared_ptr<AllReduce> all_reduce;
  std::string description;  // for the log: "NCCL 2.28.9"
};

// Collective over the workers; the coordinator does not call it (it has no tensors but in host memory:
// MpiChannel). The engine and the device must outlive the channel. Throws UsageError where `wanted` cannot be
// had, with what to do, and PeerError where a transport does not start; on all workers, though not at once.
OpenedChannel open_channel(ProgressEngine& engine, const Placement& placement, device::Device& device,
                           Transport wanted);

// This rank among the workers of its host.
struct LocalWorker {
  int index = 0;
  int count = 1;
};
LocalWorker local_worker(const ProgressEngine& engine);

}  // namespace interlock::comm
