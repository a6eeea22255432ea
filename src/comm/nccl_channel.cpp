#if INTERLOCK_CUDA
#include "comm/nccl_channel.h"

#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "comm/nccl_check.h"
#include "comm/nccl_types.h"
#include "common/error.h"

namespace interlock::comm {

class NcclChannel::InStream : public DeviceTransfer {
 public:
  InStream(std::shared_ptr<NcclMesh> mesh, device::Device& device, bool sends)
      : mesh_(std::move(mesh)), device_(device), sends_(sends) {}

  void handed_over(device::Event done) {
    done_ = std::move(done);
    handed_over_ = true;
  }

  void wait() override {
    INTERLOCK_CHECK(handed_over_, "a transfer of an open group is waited for");
    mesh_->check();
    if (!sends_) {
      device_.compute_stream().wait(done_);
      return;
    }
    // Not in the driver: an abort must be seen, and a core not be burnt.
    for (std::chrono::microseconds pause{20}; !done_.done(); pause = std::min(2 * pause, kLongestPause)) {
      std::this_thread::sleep_for(pause);
      mesh_->check();
    }
  }

  [[nodiscard]] bool done() override { return handed_over_ && done_.done(); }

 private:
  static constexpr std::chrono::microseconds kLongestPause{200};
  std::shared_ptr<NcclMesh> mesh_;
  device::Device& device_;
  bool sends_;
  bool handed_over_ = false;
  device::Event done_;
};

NcclChannel::NcclChannel(ProgressEngine& engine, const Placement& placement, device::Device& device,
                         std::shared_ptr<NcclMesh> mesh)
    : device_(device),
      placement_(placement),
      stage_(placement.place_of(engine.rank()).stage),
      mesh_(std::move(mesh)),
      staged_(engine, device) {
  to_above_.communicator = mesh_->above().up.get();
  from_above_.communicator = mesh_->above().down.get();
  to_below_.communicator = mesh_->below().down.get();
  from_below_.communicator = mesh_->below().up.get();
}

bool NcclChannel::neighbour(Rank peer) const {
  return peer != kCoordinator && std::abs(placement_.place_of(peer).stage - stage_) == 1;
}

Transfer NcclChannel::send(Rank to, Tag tag, const at::Tensor& tensor) {
  if (!device_.holds(tensor) || !neighbour(to)) return staged_.send(to, tag, tensor);
  return post(to, tensor, true);
}

Transfer NcclChannel::receive(Rank from, Tag tag, const at::Tensor& buffer) {
  if (!device_.holds(buffer) || !neighbour(from)) return staged_.receive(from, tag, buffer);
  return post(from, buffer, false);
}

Transfer NcclChannel::post(Rank peer, const at::Tensor& tensor, bool sends) {
  INTERLOCK_CHECK(tensor.is_contiguous(), "only contiguous tensors travel");
  mesh_->check();
  let_go();
  const bool above = placement_.place_of(peer).stage > stage_;
  Lane& lane = above ? (sends ? to_above_ : from_above_) : (sends ? to_below_ : from_below_);
  const int first = above ? mesh_->above().first : mesh_->below().first;
  auto transfer = std::make_shared<InStream>(mesh_, device_, sends);
  if (tensor.numel() == 0) {
    transfer->handed_over({});  // on both sides
  } else {
    lane.posted.push_back({tensor, index(peer) - first, sends, transfer});
    if (open_groups_ == 0) hand_over(lane);
  }
  return Transfer(std::move(transfer));
}

void NcclChannel::begin_group() {
  ++open_groups_;
}

void NcclChannel::end_group() {
  INTERLOCK_CHECK(open_groups_ > 0, "a group ends that did not begin");
  if (--open_groups_ > 0) return;
  for (Lane* lane : {&to_above_, &to_below_, &from_above_, &from_below_}) {
    if (!lane->posted.empty()) hand_over(*lane);
  }
}

void NcclChannel::hand_over(Lane& lane) {
  const std::vector<Posted> posted = std::exchange(lane.posted, {});
  NcclCommunicator& communicator = *lane.communicator;
  const device::Stream& stream = communicator.stream();
  // What is sent is made by then; what is received into is no longer used.
  stream.wait(device_.compute_stream().record());
  for (const Posted& one : posted) stream.keep(one.tensor);
  communicator.group([&](ncclComm_t native) {
    auto* const queue = static_cast<cudaStream_t>(stream.native());
    for (const Posted& one : posted) {
      const auto count = static_cast<std::size_t>(one.tensor.numel());
      const ncclDataType_t type = nccl_type(one.tensor.scalar_type());
      if (one.sends)
        INTERLOCK_NCCL(ncclSend(one.tensor.const_data_ptr(), count, type, one.peer, native, queue));
      else
        INTERLOCK_NCCL(ncclRecv(one.tensor.mutable_data_ptr(), count, type, one.peer, native, queue));
    }
  });
  const device::Event done = stream.record();
  for (const Posted& one : posted) {
    one.transfer->handed_over(done);
    if (one.sends) lane.held.hold_until(done, one.tensor);
  }
}

void NcclChannel::let_go() {
  to_above_.held.let_go();
  to_below_.held.let_go();
}

}  // namespace interlock::comm
#endif
