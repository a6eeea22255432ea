#pragma once
// Sums over the replicas of a stage, by NCCL. Its order of adding depends on the number of replicas and the
// size of a bucket alone, as long as NCCL chooses the same algorithm. Private to comm/nccl_*.cpp.

#include <memory>

#include "comm/all_reduce.h"
#include "comm/nccl_mesh.h"

namespace interlock::comm {

class NcclAllReduce : public AllReduce {
 public:
  // REQUIRES that the stage has replicas.
  NcclAllReduce(device::Device& device, std::shared_ptr<NcclMesh> mesh);

  void start(const at::Tensor& bucket) override;
  void finish() override;

 private:
  device::Device& device_;
  std::shared_ptr<NcclMesh> mesh_;
};

}  // namespace interlock::comm
