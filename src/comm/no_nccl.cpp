// Takes the place of nccl_*.cpp in a build without CUDA.
#if !INTERLOCK_CUDA
#include "comm/nccl_links.h"
#include "common/error.h"

namespace interlock::comm {

int nccl_version() {
  return 0;
}

OpenedChannel open_nccl(ProgressEngine&, const Placement&, device::Device&, bool) {
  throw UsageError("run.transport is nccl, but this program was built without CUDA");
}

}  // namespace interlock::comm
#endif
