#pragma once

#include <memory>

#include "config/config.h"
#include "device/device.h"

namespace interlock::app {

// The device of a command that runs in one process, as run.device and training's switches ask for it. Errors:
// UsageError where there is no such device.
std::unique_ptr<device::Device> open_single_device(const config::Config& config);

}  // namespace interlock::app
