#include "comm/open_channel.h"

#include "comm/cuda_aware_channel.h"
#include "comm/exchange.h"
#include "comm/host_staged_channel.h"
#include "comm/mpi_channel.h"
#include "comm/nccl_links.h"
#include "comm/transport_choice.h"

namespace interlock::comm {
namespace {

std::vector<WorkerFacts> gather_facts(ProgressEngine& engine, const Placement& placement,
                                      const device::Device& device) {
  WorkerFacts own;
  if (device.is_gpu()) own = {device.identity(), mpi_takes_gpu_memory(), nccl_version()};
  std::vector<Rank> workers;
  for (int rank = index(kCoordinator) + 1; rank < placement.ranks(); ++rank) workers.push_back(Rank{rank});
  std::vector<WorkerFacts> facts;
  for (const std::string& text : exchange(engine, workers, own.encode()))
    facts.push_back(WorkerFacts::decode(text));
  return facts;
}

}  // namespace

OpenedChannel open_channel(ProgressEngine& engine, const Placement& placement, device::Device& device,
                           Transport wanted) {
  OpenedChannel opened;
  switch (const Chosen chosen = choose_transport(gather_facts(engine, placement, device), wanted)) {
    case Chosen::kMpi:
      opened.channel = std::make_unique<MpiChannel>(engine);
      opened.description = "MPI";
      break;
    case Chosen::kHostStaged:
      opened.channel = std::make_unique<HostStagedChannel>(engine, device);
      opened.description = "MPI by way of host memory";
      break;
    case Chosen::kCudaAwareMpi:
      opened.channel = std::make_unique<CudaAwareChannel>(engine, device);
      opened.description = "MPI on GPU memory";
      break;
    case Chosen::kNccl:
    case Chosen::kNcclShared:
      return open_nccl(engine, placement, device, chosen == Chosen::kNcclShared);
  }
  return opened;
}

LocalWorker local_worker(const ProgressEngine& engine) {
  LocalWorker local{0, 0};
  for (int rank = index(kCoordinator) + 1; rank < engine.size(); ++rank) {
    if (!engine.on_this_host(Rank{rank})) continue;
    if (rank < index(engine.rank())) ++local.index;
    ++local.count;
  }
  return local;
}

}  // namespace interlock::comm
