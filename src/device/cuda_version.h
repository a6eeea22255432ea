#pragma once

namespace interlock::device {

// Of the CUDA runtime in use: 13000 for 13.0; 0 in a build without CUDA.
int cuda_runtime_version();

}  // namespace interlock::device
