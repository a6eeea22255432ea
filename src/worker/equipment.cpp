#include "worker/equipment.h"

#include <fmt/format.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "config/names.h"
#include "device/binding.h"

namespace interlock::worker {
namespace {

comm::Transport wanted_transport(config::TransportKind kind) {
  switch (kind) {
    case config::TransportKind::kAuto:
      return comm::Transport::kAuto;
    case config::TransportKind::kHostStaged:
      return comm::Transport::kHostStaged;
    case config::TransportKind::kCudaAwareMpi:
      return comm::Transport::kCudaAwareMpi;
    case config::TransportKind::kNccl:
      return comm::Transport::kNccl;
  }
  throw BrokenInvariant("a transport without a channel");
}

device::Bind wanted_binding(config::BindKind kind) {
  switch (kind) {
    case config::BindKind::kAuto:
      return device::Bind::kAuto;
    case config::BindKind::kNone:
      return device::Bind::kNone;
    case config::BindKind::kCores:
      return device::Bind::kCores;
    case config::BindKind::kNuma:
      return device::Bind::kNuma;
  }
  throw BrokenInvariant("a binding without a name");
}

}  // namespace

device::Wanted wanted_device(config::DeviceKind kind) {
  switch (kind) {
    case config::DeviceKind::kAuto:
      return device::Wanted::kAuto;
    case config::DeviceKind::kCuda:
      return device::Wanted::kCuda;
    case config::DeviceKind::kCpu:
    case config::DeviceKind::kSimulated:
      return device::Wanted::kCpu;
  }
  throw BrokenInvariant("a device kind without a device");
}

device::Settings device_settings(const config::Config& config) {
  device::Settings settings;
  settings.deterministic = config.training.deterministic;
  settings.tf32 = config.training.tf32;
  const bool may_use_nccl = config.run.transport == config::TransportKind::kNccl ||
                            config.run.transport == config::TransportKind::kAuto;
  settings.ranks_wait_on_gpu = may_use_nccl && config.partition.placement().ranks() > 2;
  return settings;
}

double peak_mebibytes(const device::Device& device) {
  constexpr double kMebibyte = 1024 * 1024;
  return device.is_gpu() ? static_cast<double>(device.peak_allocated()) / kMebibyte
                         : peak_resident_mebibytes();
}

Equipment open_device(const training::RunPlan& plan, comm::ProgressEngine& engine) {
  const config::Config& config = plan.config;
  const device::Settings settings = device_settings(config);
  const comm::LocalWorker local = comm::local_worker(engine);
  Equipment equipment;
  device::prepare_environment(settings);
  equipment.device = device::open_device(wanted_device(config.run.device), local.index, local.count);
  device::apply(settings);
  if (config.run.transport != config::TransportKind::kAuto && !equipment.device->is_gpu()) {
    throw UsageError(fmt::format(
        "run.transport: {} moves tensors of GPUs, but this rank computes on the CPU; remove run.transport",
        config::name_of(config::transport_kinds(), config.run.transport)));
  }
  equipment.bound = device::bind_process(wanted_binding(config.run.bind),
                                         {local.index, local.count, equipment.device->pci_address()});
  return equipment;
}

void open_channels(Equipment& equipment, const training::RunPlan& plan, comm::ProgressEngine& engine) {
  const config::RunConfig& run = plan.config.run;
  equipment.host = std::make_unique<comm::MpiChannel>(engine);
  equipment.opened = comm::open_channel(engine, plan.config.partition.placement(), *equipment.device,
                                        wanted_transport(run.transport));
  if (equipment.device->is_gpu()) {
    log_info(fmt::format("{}; {}; {}", equipment.device->description(), equipment.opened.description,
                         equipment.bound));
  }
}

Equipment open_equipment(const training::RunPlan& plan, comm::ProgressEngine& engine) {
  Equipment equipment = open_device(plan, engine);
  open_channels(equipment, plan, engine);
  return equipment;
}

}  // namespace interlock::worker
