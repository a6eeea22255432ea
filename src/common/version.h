#pragma once

namespace interlock {

// "0.1.0": the version of the CMake project, said there alone.
const char* version();

}  // namespace interlock
