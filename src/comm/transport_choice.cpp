#include "comm/transport_choice.h"

#include <algorithm>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::comm {
namespace {

// From here on several ranks may share a GPU, with a setting.
constexpr int kSharingVersion = 23003;

bool all(const std::vector<WorkerFacts>& workers, bool (*has)(const WorkerFacts&)) {
  return std::all_of(workers.begin(), workers.end(), has);
}

std::size_t count_gpus(const std::vector<WorkerFacts>& workers) {
  std::set<std::string> gpus;
  for (const WorkerFacts& worker : workers) gpus.insert(worker.gpu);
  return gpus.size();
}

// Also within one run: they could not talk to each other.
void check_versions(const std::vector<WorkerFacts>& workers) {
  for (const WorkerFacts& worker : workers) {
    if (worker.nccl_version == workers.front().nccl_version) continue;
    throw UsageError(fmt::format(
        "the ranks have different versions of NCCL ({} and {}); use the same build on all hosts, or "
        "run.transport=host_staged",
        nccl_version_text(workers.front().nccl_version), nccl_version_text(worker.nccl_version)));
  }
}

Chosen choose_nccl(const std::vector<WorkerFacts>& workers) {
  if (!all(workers, [](const WorkerFacts& worker) { return !worker.gpu.empty(); })) {
    throw UsageError(
        "run.transport is nccl, but some ranks compute on CPUs; give each a GPU (run.device=cuda), or use "
        "run.transport=host_staged");
  }
  check_versions(workers);
  const int version = workers.front().nccl_version;
  const std::size_t gpus = count_gpus(workers);
  if (gpus == workers.size()) return Chosen::kNccl;
  if (version >= kSharingVersion) return Chosen::kNcclShared;
  throw UsageError(
      fmt::format("run.transport is nccl, but {} workers share {} GPU{}, and NCCL {} wants one for each rank "
                  "({} and later "
                  "can share); use run.transport=host_staged, or as many workers as GPUs",
                  workers.size(), gpus, gpus == 1 ? "" : "s", nccl_version_text(version),
                  nccl_version_text(kSharingVersion)));
}

Chosen choose_by_itself(const std::vector<WorkerFacts>& workers) {
  const bool own_gpus = count_gpus(workers) == workers.size();
  const bool all_gpus = all(workers, [](const WorkerFacts& worker) { return !worker.gpu.empty(); });
  const bool same_nccl = all(workers, [](const WorkerFacts& worker) { return worker.nccl_version > 0; });
  if (own_gpus && all_gpus && same_nccl && workers.size() > 1) {
    check_versions(workers);
    return Chosen::kNccl;
  }
  const bool aware = all(workers, [](const WorkerFacts& worker) { return worker.mpi_takes_gpu; });
  return aware && all_gpus ? Chosen::kCudaAwareMpi : Chosen::kHostStaged;
}

}  // namespace

std::string WorkerFacts::encode() const {
  return fmt::format("{} {} {}", gpu.empty() ? "-" : gpu, mpi_takes_gpu ? 1 : 0, nccl_version);
}

WorkerFacts WorkerFacts::decode(const std::string& text) {
  WorkerFacts facts;
  std::istringstream(text) >> facts.gpu >> facts.mpi_takes_gpu >> facts.nccl_version;
  if (facts.gpu == "-") facts.gpu.clear();
  return facts;
}

std::string nccl_version_text(int code) {
  return code == 0 ? "none" : fmt::format("{}.{}.{}", code / 10000, code / 100 % 100, code % 100);
}

Chosen choose_transport(const std::vector<WorkerFacts>& workers, Transport wanted) {
  if (all(workers, [](const WorkerFacts& worker) { return worker.gpu.empty(); })) return Chosen::kMpi;
  switch (wanted) {
    case Transport::kAuto:
      return choose_by_itself(workers);
    case Transport::kHostStaged:
      return Chosen::kHostStaged;
    case Transport::kNccl:
      return choose_nccl(workers);
    case Transport::kCudaAwareMpi:
      break;
  }
  if (!all(workers, [](const WorkerFacts& worker) { return worker.mpi_takes_gpu; })) {
    throw UsageError(
        "run.transport is cuda_aware_mpi, but this Open MPI does not take GPU memory (ompi_info says "
        "mpi_built_with_cuda_support: false); use one that was built with CUDA, or "
        "run.transport=host_staged");
  }
  return Chosen::kCudaAwareMpi;
}

}  // namespace interlock::comm
