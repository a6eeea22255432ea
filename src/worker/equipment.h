#pragma once
// What a worker computes on and talks through, as the config asks for it.

#include <memory>

#include "comm/mpi_channel.h"
#include "comm/open_channel.h"
#include "comm/progress_engine.h"
#include "device/device.h"
#include "training/run_plan.h"

namespace interlock::worker {

// Owns the device and the channels. The engine must outlive it.
struct Equipment {
  std::unique_ptr<device::Device> device;
  std::unique_ptr<comm::TensorChannel> host;  // CPU tensors, whatever the device
  comm::OpenedChannel opened;
  [[nodiscard]] comm::TensorChannel& channel() const { return *opened.channel; }
};

// Collective over the workers: binds this process to its cores, opens its device and the channel between
// workers. Says in the log what was chosen, on the first worker of a host. Errors: UsageError where what the
// config demands cannot be had, PeerError where a transport does not start.
Equipment open_equipment(const training::RunPlan& plan, comm::ProgressEngine& engine);

}  // namespace interlock::worker
