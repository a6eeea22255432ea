#include "comm/single_copy_probe.h"

#include <cstdlib>
#include <string>

#include <mpi.h>

#include "common/process_memory.h"

namespace interlock::comm {
namespace {

// Open MPI 5 calls its shared-memory transport otherwise, and chooses among mechanisms by a list.
#if defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION >= 5
constexpr const char* kSetting = "OMPI_MCA_smsc";
constexpr const char* kNone = "^cma,xpmem,knem";
constexpr const char* kTransport = "sm";
#else
constexpr const char* kSetting = "OMPI_MCA_btl_vader_single_copy_mechanism";
constexpr const char* kNone = "none";
constexpr const char* kTransport = "vader";
#endif

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// True only where the launcher was told to use shared memory and nothing else (launch/lib/mpirun.sh does).
// Whatever Open MPI would pick by itself may be a transport whose large messages need the sender's help.
bool only_shared_memory() {
  const std::string transports = setting("OMPI_MCA_btl");
  return setting("OMPI_MCA_pml") == "ob1" && transports.find(kTransport) != std::string::npos &&
         transports.find("tcp") == std::string::npos && transports.find('^') == std::string::npos;
}

}  // namespace

bool choose_single_copy_mechanism() {
  const bool possible = memory_is_readable_by_others();
  if (setting(kSetting).empty() && !possible) setenv(kSetting, kNone, 1);
  return possible && setting(kSetting) != kNone && only_shared_memory();
}

}  // namespace interlock::comm
