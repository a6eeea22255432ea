#include "comm/mpi_channel.h"

#include "common/error.h"

namespace interlock::comm {
namespace {

void check_transferable(const at::Tensor& tensor) {
  INTERLOCK_CHECK(tensor.is_contiguous() && tensor.device().is_cpu(),
                  "only contiguous tensors in host memory travel over MPI");
}

}  // namespace

Transfer MpiChannel::send(Rank to, Tag tag, const at::Tensor& tensor) {
  check_transferable(tensor);
  return engine_.send(to, tag, tensor);
}

Transfer MpiChannel::receive(Rank from, Tag tag, const at::Tensor& buffer) {
  check_transferable(buffer);
  return engine_.receive(from, tag, buffer);
}

}  // namespace interlock::comm
