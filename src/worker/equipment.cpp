#include "worker/equipment.h"

#include <fmt/format.h>

#include "common/error.h"
#include "common/log.h"
#include "device/binding.h"
#include "device/settings.h"

namespace interlock::worker {
namespace {

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

Equipment open_equipment(const training::RunPlan& plan, comm::ProgressEngine& engine) {
  const config::Config& config = plan.config;
  const device::Settings settings{config.training.deterministic, config.training.tf32};
  const comm::LocalWorker local = comm::local_worker(engine);
  Equipment equipment;
  device::prepare_environment(settings);
  equipment.device = device::open_device(wanted_device(config.run.device), local.index, local.count);
  device::apply(settings);
  const std::string bound = device::bind_process(
      wanted_binding(config.run.bind), {local.index, local.count, equipment.device->pci_address()});
  equipment.host = std::make_unique<comm::MpiChannel>(engine);
  equipment.opened = comm::open_channel(engine, config.partition.placement(), *equipment.device,
                                        wanted_transport(config.run.transport));
  if (equipment.device->is_gpu()) {
    log_info(fmt::format("{}; {}; {}", equipment.device->description(), equipment.opened.description, bound));
  }
  return equipment;
}

}  // namespace interlock::worker
