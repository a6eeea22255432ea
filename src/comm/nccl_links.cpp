#if INTERLOCK_CUDA
#include "comm/nccl_links.h"

#include <cstdlib>
#include <nccl.h>

#include <fmt/format.h>

#include "comm/nccl_all_reduce.h"
#include "comm/nccl_channel.h"
#include "comm/transport_choice.h"

namespace interlock::comm {

int nccl_version() {
  int version = 0;
  return ncclGetVersion(&version) == ncclSuccess ? version : 0;
}

OpenedChannel open_nccl(ProgressEngine& engine, const Placement& placement, device::Device& device,
                        bool shared) {
  if (shared) {
    // Before NCCL's first call that reads them. Its check of which links ranks on one GPU may use looks at
    // the last pair only, so the one kind that they cannot use is switched off.
    setenv("NCCL_MULTI_RANK_GPU_ENABLE", "1", /*overwrite=*/1);
    setenv("NCCL_NVLS_ENABLE", "0", /*overwrite=*/1);
  }
  auto mesh = std::make_shared<NcclMesh>(engine, placement, device);
  OpenedChannel opened;
  opened.channel = std::make_unique<NcclChannel>(engine, placement, device, mesh);
  if (mesh->replicas() != nullptr) opened.all_reduce = std::make_unique<NcclAllReduce>(device, mesh);
  opened.description = fmt::format("NCCL {}{}", nccl_version_text(nccl_version()),
                                   shared ? ", several ranks on one GPU (experimental)" : "");
  return opened;
}

}  // namespace interlock::comm
#endif
