#if INTERLOCK_CUDA
#include "comm/nccl_all_reduce.h"

#include <utility>

#include <fmt/format.h>

#include "comm/nccl_check.h"
#include "comm/nccl_types.h"
#include "common/error.h"

namespace interlock::comm {

ncclDataType_t nccl_type(c10::ScalarType type) {
  switch (type) {
    case c10::ScalarType::Float:
      return ncclFloat32;
    case c10::ScalarType::BFloat16:
      return ncclBfloat16;
    case c10::ScalarType::Half:
      return ncclFloat16;
    case c10::ScalarType::Double:
      return ncclFloat64;
    case c10::ScalarType::Long:
      return ncclInt64;
    case c10::ScalarType::Int:
      return ncclInt32;
    case c10::ScalarType::Byte:
    case c10::ScalarType::Bool:
      return ncclUint8;
    default:
      throw BrokenInvariant(fmt::format("tensors of {} do not travel by NCCL", c10::toString(type)));
  }
}

NcclAllReduce::NcclAllReduce(device::Device& device, std::shared_ptr<NcclMesh> mesh)
    : device_(device), mesh_(std::move(mesh)) {}

void NcclAllReduce::start(const at::Tensor& bucket) {
  INTERLOCK_CHECK(bucket.is_contiguous() && device_.holds(bucket), "a bucket is contiguous and on the GPU");
  mesh_->check();
  NcclCommunicator& communicator = *mesh_->replicas();
  const device::Stream& stream = communicator.stream();
  stream.wait(device_.compute_stream().record());
  stream.keep(bucket);
  communicator.group([&](ncclComm_t native) {
    INTERLOCK_NCCL(ncclAllReduce(bucket.const_data_ptr(), bucket.mutable_data_ptr(),
                                 static_cast<std::size_t>(bucket.numel()), nccl_type(bucket.scalar_type()),
                                 ncclSum, native, static_cast<cudaStream_t>(stream.native())));
  });
}

void NcclAllReduce::finish() {
  mesh_->check();
  device_.compute_stream().wait(mesh_->replicas()->stream().record());
}

}  // namespace interlock::comm
#endif
