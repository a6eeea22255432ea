#include "comm/open_channel.h"

#include <torch/types.h>

#include "comm/exchange.h"
#include "support/catch.h"
#include "support/mpi_engine.h"

namespace interlock::comm {
namespace {

using interlock::testing::engine;

TEST_CASE("ranks tell each other what they have, in any group") {
  const int ranks = engine().size();
  std::vector<Rank> group;
  for (int rank = ranks - 1; rank >= 0; --rank) group.push_back(Rank{rank});
  const auto text = [](Rank rank) { return std::string(static_cast<std::size_t>(index(rank)) * 1000, 'x'); };
  const std::vector<std::string> all = exchange(engine(), group, text(engine().rank()));
  bool right = all.size() == group.size();
  for (std::size_t i = 0; i < all.size(); ++i) right &= all[i] == text(group[i]);
  CHECK(right);
  CHECK(exchange(engine(), {engine().rank()}, "alone") == std::vector<std::string>{"alone"});
}

TEST_CASE("workers on CPUs get MPI, whatever transport is asked for") {
  const LocalWorker local = local_worker(engine());
  CHECK(local.count == engine().size() - 1);
  if (engine().rank() == kCoordinator) return;
  CHECK(local.index == index(engine().rank()) - 1);
  const auto cpu = device::open_device(device::Wanted::kCpu, local.index, local.count);
  const OpenedChannel opened =
      open_channel(engine(), Placement(engine().size() - 1, {1}), *cpu, Transport::kNccl);
  CHECK(opened.description == "MPI");
  CHECK(opened.all_reduce == nullptr);
  CHECK_FALSE(opened.channel->ordered());
}

TEST_CASE("replicas' gradients are summed by NCCL") {
  const LocalWorker local = local_worker(engine());
  if (device::gpu_count() < local.count || engine().size() < 3) {
    WARN("skipped: NCCL needs a GPU for each rank, and two of them");
    return;
  }
  if (engine().rank() == kCoordinator) return;
  const auto gpu = device::open_device(device::Wanted::kCuda, local.index, local.count);
  const int replicas = engine().size() - 1;
  const OpenedChannel opened = open_channel(engine(), Placement(1, {replicas}), *gpu, Transport::kNccl);
  REQUIRE(opened.all_reduce);
  const at::Tensor small = torch::full({10}, 1.0, gpu->torch_device());
  const at::Tensor large = torch::full({1'000'000}, 1.0 + local.index, gpu->torch_device());
  opened.all_reduce->start(small);
  opened.all_reduce->start(large);
  opened.all_reduce->finish();
  CHECK(small.eq(replicas).all().item<bool>());
  CHECK(large.eq(replicas * (replicas + 1) / 2).all().item<bool>());
}

}  // namespace
}  // namespace interlock::comm
