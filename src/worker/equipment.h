#pragma once
// What a worker computes on and talks through, as the config asks for it.

#include <memory>
#include <string>

#include "comm/mpi_channel.h"
#include "comm/open_channel.h"
#include "comm/progress_engine.h"
#include "device/device.h"
#include "device/settings.h"
#include "training/run_plan.h"

namespace interlock::worker {

// Owns the device and the channels. The engine must outlive it.
struct Equipment {
  std::unique_ptr<device::Device> device;
  std::unique_ptr<comm::TensorChannel> host;  // CPU tensors, whatever the device
  comm::OpenedChannel opened;
  std::string bound;  // to which cores, for the log
  [[nodiscard]] comm::TensorChannel& channel() const { return *opened.channel; }
};

// The config's words for what src/device knows.
device::Wanted wanted_device(config::DeviceKind kind);
device::Settings device_settings(const config::Config& config);

// The most that tensors have taken of the device's memory so far, or this process of the host's.
double peak_mebibytes(const device::Device& device);

// In two steps, so that all workers can agree that the first went well before the second makes them wait for
// each other.

// Binds this process to its cores and opens its device. Errors: UsageError where the config demands a device
// that is not there, or a transport of GPUs for a rank that has none.
Equipment open_device(const training::RunPlan& plan, comm::ProgressEngine& engine);

// Collective over the workers: opens the channels between them. A GPU says in the log what was chosen.
// Errors: UsageError where the transport that the config demands cannot be had, PeerError where one does not
// start.
void open_channels(Equipment& equipment, const training::RunPlan& plan, comm::ProgressEngine& engine);

// Both. Collective over the workers.
Equipment open_equipment(const training::RunPlan& plan, comm::ProgressEngine& engine);

}  // namespace interlock::worker
