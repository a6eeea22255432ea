#pragma once
// LibTorch's types in NCCL's terms. Private to comm/nccl_*.cpp.

#include <nccl.h>

#include <c10/core/ScalarType.h>

namespace interlock::comm {

ncclDataType_t nccl_type(c10::ScalarType type);  // throws BrokenInvariant for one that NCCL does not know

}  // namespace interlock::comm
