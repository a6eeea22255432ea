#include "app/single_device.h"

#include "device/settings.h"
#include "worker/equipment.h"

namespace interlock::app {

std::unique_ptr<device::Device> open_single_device(const config::Config& config) {
  device::Settings settings = worker::device_settings(config);
  settings.ranks_wait_on_gpu = false;  // that is for ranks that wait for each other
  device::prepare_environment(settings);
  std::unique_ptr<device::Device> device =
      device::open_device(worker::wanted_device(config.run.device), /*local_index=*/0, /*local_count=*/1);
  device::apply(settings);
  return device;
}

}  // namespace interlock::app
