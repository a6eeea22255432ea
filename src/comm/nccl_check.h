#pragma once
// INTERLOCK_NCCL(call): throws PeerError with NCCL's own words, the call and its place, unless the call
// succeeded or is under way. Private to comm/nccl_*.cpp.

#include <nccl.h>
#include <string>

namespace interlock::comm {
[[noreturn]] void throw_nccl_error(ncclResult_t result, const std::string& what);
std::string describe_nccl(ncclResult_t result);  // with the last error's text, if NCCL has one
}  // namespace interlock::comm

#define INTERLOCK_NCCL(call)                                                                         \
  do {                                                                                               \
    const ncclResult_t interlock_nccl_result = (call);                                               \
    if (interlock_nccl_result != ncclSuccess && interlock_nccl_result != ncclInProgress)             \
      ::interlock::comm::throw_nccl_error(                                                           \
          interlock_nccl_result, std::string(#call " at " __FILE__ ":") + std::to_string(__LINE__)); \
  } while (false)
