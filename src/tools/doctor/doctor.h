#pragma once
// What doctor looks at on the host where it runs.

#include <vector>

#include "tools/doctor/judge.h"

namespace interlock::tools {

Environment environment_that_matters();

// Machine, limits, shared memory, disk, environment: all that needs nobody's answer.
std::vector<Finding> look_at_host();
// GPUs, with what the program itself says of them.
std::vector<Finding> look_at_host_gpus(const Libraries& libraries);

}  // namespace interlock::tools
