#pragma once
// Every kind of channel that can be had here, for tests that hold for all of them: MPI on host memory; the
// GPUs' channels on a stand-in that works late (support/threaded_device.h); and on GPUs where there are some.

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <torch/types.h>

#include "comm/cuda_aware_channel.h"
#include "comm/host_staged_channel.h"
#include "comm/open_channel.h"
#include "support/catch.h"
#include "support/mpi_engine.h"
#include "support/threaded_device.h"

namespace interlock::comm {

using interlock::testing::engine;
using interlock::testing::ThreadedDevice;

// A channel, the memory it carries and the device that works on it. Ranks form a line.
struct Bench {
  std::string name;
  std::unique_ptr<device::Device> device;
  std::unique_ptr<TensorChannel> channel;
  int first = 0;  // rank of the line
  ThreadedDevice* threads = nullptr;

  [[nodiscard]] bool has_below() const { return index(engine().rank()) > first; }
  [[nodiscard]] bool has_above() const { return index(engine().rank()) + 1 < engine().size(); }
  [[nodiscard]] bool takes_part() const { return index(engine().rank()) >= first; }
  [[nodiscard]] static Rank neighbour(int by) { return Rank{index(engine().rank()) + by}; }

  [[nodiscard]] at::Tensor empty(std::int64_t size, at::ScalarType type = torch::kFloat) const {
    return threads != nullptr
               ? threads->empty({size}, type)
               : torch::zeros({size}, torch::TensorOptions(device->torch_device()).dtype(type));
  }
  // In the compute stream: late on the stand-in, at once on a CPU, by itself on a GPU.
  void compute(const std::function<void()>& work) const {
    if (threads != nullptr)
      threads->compute(work);
    else
      work();
  }
};

inline void for_each_channel(const std::function<void(const Bench&)>& use) {
  {
    Bench bench{"MPI", device::open_device(device::Wanted::kCpu, 0, 1), nullptr, 0, nullptr};
    bench.channel = std::make_unique<MpiChannel>(engine());
    use(bench);
  }
  for (const bool staged : {true, false}) {
    auto threads = std::make_unique<ThreadedDevice>();
    Bench bench{staged ? "host-staged" : "CUDA-aware", nullptr, nullptr, 0, threads.get()};
    if (staged)
      bench.channel = std::make_unique<HostStagedChannel>(engine(), *threads);
    else
      bench.channel = std::make_unique<CudaAwareChannel>(engine(), *threads);
    bench.device = std::move(threads);
    use(bench);
    bench.channel.reset();
  }
  const LocalWorker local = local_worker(engine());
  const int gpus = device::gpu_count();
  if (gpus == 0) {
    REQUIRE(std::getenv("STANDIN_GPUS") == nullptr);  // under the stand-in there are some
    WARN("skipped on GPUs: there is none");
    return;
  }
  const Placement placement(engine().size() - 1, {1});
  for (const Transport transport : {Transport::kHostStaged, Transport::kNccl}) {
    if (transport == Transport::kNccl && (gpus < local.count || engine().size() < 3)) {
      WARN("skipped: NCCL needs a GPU for each rank, and two of them");
      continue;
    }
    Bench bench{transport == Transport::kNccl ? "NCCL" : "host-staged on a GPU", nullptr, nullptr, 1,
                nullptr};
    if (bench.takes_part()) {
      bench.device = device::open_device(device::Wanted::kCuda, local.index, local.count);
      bench.channel = open_channel(engine(), placement, *bench.device, transport).channel;
      use(bench);
    }
    bench.channel.reset();
  }
}

}  // namespace interlock::comm
