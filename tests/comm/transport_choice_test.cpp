#include "comm/transport_choice.h"

#include "common/error.h"
#include "support/catch.h"

namespace interlock::comm {
namespace {

using Catch::Matchers::Contains;

constexpr int kOld = 22809;
constexpr int kSharing = 23003;

std::vector<WorkerFacts> workers(const std::vector<std::string>& gpus, int nccl, bool aware = false) {
  std::vector<WorkerFacts> facts;
  for (const std::string& gpu : gpus) facts.push_back({gpu, aware, nccl});
  return facts;
}

TEST_CASE("left to itself it takes NCCL where every worker has a GPU of its own, else what works") {
  CHECK(choose_transport(workers({"a", "b"}, kOld, true), Transport::kAuto) == Chosen::kNccl);
  CHECK(choose_transport(workers({"a", "a"}, kSharing, true), Transport::kAuto) == Chosen::kCudaAwareMpi);
  CHECK(choose_transport(workers({"a", "a"}, kOld), Transport::kAuto) == Chosen::kHostStaged);
  CHECK(choose_transport(workers({"a", ""}, kOld, true), Transport::kAuto) == Chosen::kHostStaged);
  CHECK(choose_transport(workers({"a"}, kOld), Transport::kAuto) == Chosen::kHostStaged);
  CHECK(choose_transport(workers({"", ""}, 0), Transport::kAuto) == Chosen::kMpi);
}

TEST_CASE("NCCL is refused where ranks share a GPU, unless it knows how") {
  CHECK(choose_transport(workers({"a", "b", "c"}, kOld), Transport::kNccl) == Chosen::kNccl);
  CHECK(choose_transport(workers({"a", "b", "a"}, kSharing), Transport::kNccl) == Chosen::kNcclShared);
  CHECK_THROWS_AS(choose_transport(workers({"a", "b", "a"}, kOld), Transport::kNccl), UsageError);
  CHECK_THROWS_WITH(choose_transport(workers({"a", "b", "a"}, kOld), Transport::kNccl),
                    Contains("3 workers share 2 GPUs") && Contains("2.28.9") && Contains("2.30.3") &&
                        Contains("run.transport=host_staged"));
  CHECK_THROWS_WITH(choose_transport(workers({"a", ""}, kOld), Transport::kNccl), Contains("on CPUs"));
}

TEST_CASE("hosts with different NCCLs are told so") {
  std::vector<WorkerFacts> facts = workers({"a", "b"}, kOld);
  facts[1].nccl_version = kSharing;
  CHECK_THROWS_WITH(choose_transport(facts, Transport::kAuto), Contains("2.28.9") && Contains("2.30.3"));
  CHECK(choose_transport(facts, Transport::kHostStaged) == Chosen::kHostStaged);
}

TEST_CASE("an MPI that does not take GPU memory is not given any") {
  CHECK(choose_transport(workers({"a", "a"}, 0, true), Transport::kCudaAwareMpi) == Chosen::kCudaAwareMpi);
  CHECK_THROWS_WITH(choose_transport(workers({"a", "b"}, kOld), Transport::kCudaAwareMpi),
                    Contains("host_staged"));
}

TEST_CASE("facts survive their way to the other ranks") {
  for (const WorkerFacts& facts : {WorkerFacts{"4f00", true, kOld}, WorkerFacts{}}) {
    const WorkerFacts again = WorkerFacts::decode(facts.encode());
    CHECK(again.gpu == facts.gpu);
    CHECK(again.mpi_takes_gpu == facts.mpi_takes_gpu);
    CHECK(again.nccl_version == facts.nccl_version);
  }
}

}  // namespace
}  // namespace interlock::comm
