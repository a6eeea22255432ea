#include "comm/host_staged_channel.h"

#include <utility>

#include <ATen/ops/empty.h>

#include "common/error.h"
#include "common/log.h"
#include "common/process_memory.h"

namespace interlock::comm {
namespace {

using device::Device;
using device::Event;
using device::Stream;

class StagedReceive : public DeviceTransfer {
 public:
  StagedReceive(Transfer arrival, at::Tensor staging, at::Tensor buffer, Device& device, Stream copies)
      : arrival_(std::move(arrival)),
        staging_(std::move(staging)),
        buffer_(std::move(buffer)),
        device_(device),
        copies_(std::move(copies)),
        free_(device.compute_stream().record()) {}

  void wait() override {
    if (staging_.defined()) {
      arrival_.wait();
      copies_.wait(free_);
      copies_.copy(buffer_, staging_);
      copied_ = copies_.record();
      staging_.reset();
    }
    device_.compute_stream().wait(copied_);
  }

  [[nodiscard]] bool done() override { return !staging_.defined() || arrival_.done(); }

 private:
  Transfer arrival_;
  at::Tensor staging_;  // until it is copied
  at::Tensor buffer_;
  Device& device_;
  Stream copies_;
  Event free_;  // the compute stream's earlier uses of the buffer's memory are over
  Event copied_;
};

// Between ranks of a host Open MPI has the kernel copy large messages from the sender's memory (single_copy_probe.h,
// which can only try ordinary memory: no device is open yet).
bool is_pinned_memory_readable(Device& device) {
  const at::Tensor probe = device.staging({1}, at::kFloat).zero_();
  if (kernel_can_copy_from(probe.const_data_ptr(), probe.nbytes())) return true;
  // Where ordinary memory cannot be read either, MPI does not try.
  const float ordinary = 0;
  if (!kernel_can_copy_from(&ordinary, sizeof(ordinary))) return true;
  log_warning(
      "other processes cannot read the GPU driver's pinned memory here: messages go by way of ordinary "
      "memory, "
      "which GPUs copy to and from more slowly");
  return false;
}

}  // namespace

HostStagedChannel::HostStagedChannel(ProgressEngine& engine, Device& device)
    : engine_(engine),
      device_(device),
      pinned_(is_pinned_memory_readable(device)),
      host_(engine),
      later_(engine),
      to_host_(device.new_stream(device::Priority::kHigh)),
      to_device_(device.new_stream(device::Priority::kHigh)) {}

HostStagedChannel::~HostStagedChannel() {
  later_.drain(to_host_);
}

at::Tensor HostStagedChannel::staging_for(const at::Tensor& tensor) {
  return pinned_ ? device_.staging(tensor.sizes().vec(), tensor.scalar_type())
                 : at::empty(tensor.sizes(), at::TensorOptions().dtype(tensor.scalar_type()));
}

Transfer HostStagedChannel::send(Rank to, Tag tag, const at::Tensor& tensor) {
  if (!device_.holds(tensor)) return host_.send(to, tag, tensor);
  INTERLOCK_CHECK(tensor.is_contiguous(), "only contiguous tensors travel");
  const at::Tensor staging = staging_for(tensor);
  to_host_.wait(device_.compute_stream().record());
  to_host_.copy(staging, tensor);
  held_.let_go();
  held_.hold_until(to_host_.record(), tensor);
  return later_.start_after(to_host_, engine_.prepare_send(to, tag, staging));
}

Transfer HostStagedChannel::receive(Rank from, Tag tag, const at::Tensor& buffer) {
  if (!device_.holds(buffer)) return host_.receive(from, tag, buffer);
  INTERLOCK_CHECK(buffer.is_contiguous(), "only contiguous tensors travel");
  held_.let_go();
  const at::Tensor staging = staging_for(buffer);
  return Transfer(std::make_shared<StagedReceive>(host_.receive(from, tag, staging), staging, buffer, device_,
                                                  to_device_));
}

}  // namespace interlock::comm
