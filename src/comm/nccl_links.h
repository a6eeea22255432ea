#pragma once
// The way into NCCL for the rest of comm. In a build without CUDA: the news that there is none. Private to
// comm.

#include "comm/open_channel.h"

namespace interlock::comm {

int nccl_version();  // 0 in a build without it

// Collective over all workers. `shared`: some of them share a GPU. Throws UsageError or PeerError with NCCL's
// own words where it does not start.
OpenedChannel open_nccl(ProgressEngine& engine, const Placement& placement, device::Device& device,
                        bool shared);

}  // namespace interlock::comm
