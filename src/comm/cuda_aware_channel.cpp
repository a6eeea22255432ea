#include "comm/cuda_aware_channel.h"

#include <mpi.h>
#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>  // Open MPI's
#endif

#include "common/error.h"

namespace interlock::comm {

bool mpi_takes_gpu_memory() {
#if defined(MPIX_CUDA_AWARE_SUPPORT) && MPIX_CUDA_AWARE_SUPPORT
  return MPIX_Query_cuda_support() == 1;
#else
  return false;
#endif
}

CudaAwareChannel::CudaAwareChannel(ProgressEngine& engine, device::Device& device)
    : engine_(engine),
      device_(device),
      host_(engine),
      later_(engine),
      sends_(device.new_stream(device::Priority::kHigh)),
      receives_(device.new_stream(device::Priority::kHigh)) {
  engine.set_up_thread([&device] { device.make_current(); });
}

CudaAwareChannel::~CudaAwareChannel() {
  later_.drain(sends_);
  later_.drain(receives_);
}

Transfer CudaAwareChannel::send(Rank to, Tag tag, const at::Tensor& tensor) {
  if (!device_.holds(tensor)) return host_.send(to, tag, tensor);
  INTERLOCK_CHECK(tensor.is_contiguous(), "only contiguous tensors travel");
  sends_.wait(device_.compute_stream().record());
  return later_.start_after(sends_, engine_.prepare_send(to, tag, tensor));
}

Transfer CudaAwareChannel::receive(Rank from, Tag tag, const at::Tensor& buffer) {
  if (!device_.holds(buffer)) return host_.receive(from, tag, buffer);
  INTERLOCK_CHECK(buffer.is_contiguous(), "only contiguous tensors travel");
  receives_.wait(device_.compute_stream().record());
  return later_.start_after(receives_, engine_.prepare_receive(from, tag, buffer));
}

}  // namespace interlock::comm
