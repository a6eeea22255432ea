#pragma once
// Brings loaded micro-batches to the device, beside what it computes: through pinned memory, on a stream of
// its own. On the CPU they are there already.

#include "data/dataset.h"
#include "device/device.h"

namespace interlock::worker {

class DeviceInput {
 public:
  explicit DeviceInput(device::Device& device)
      : device_(device), copies_(device.new_stream(device::Priority::kNormal)) {}

  // Returns at once; what the compute stream is given from now on comes after the copy.
  data::Batch bring(const data::Batch& batch);

 private:
  at::Tensor copy(const at::Tensor& host);

  device::Device& device_;
  device::Stream copies_;
};

}  // namespace interlock::worker
