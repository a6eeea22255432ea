#include "worker/device_input.h"

#include <torch/types.h>

namespace interlock::worker {

at::Tensor DeviceInput::copy(const at::Tensor& host) {
  const at::Tensor pinned = device_.staging(host.sizes().vec(), host.scalar_type());
  pinned.copy_(host);
  const at::Tensor there = torch::empty(host.sizes(), host.options().device(device_.torch_device()));
  // The memory may have been another tensor's a moment ago, with work on it still to be done.
  copies_.wait(device_.compute_stream().record());
  copies_.copy(there, pinned);
  return there;
}

data::Batch DeviceInput::bring(const data::Batch& batch) {
  if (!device_.is_gpu()) return batch;
  data::Batch there{copy(batch.inputs), copy(batch.targets)};
  device_.compute_stream().wait(copies_.record());
  return there;
}

}  // namespace interlock::worker
