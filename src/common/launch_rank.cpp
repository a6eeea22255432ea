#include "common/launch_rank.h"

#include <cstdlib>
#include <initializer_list>

namespace interlock {

int launch_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    const char* value = std::getenv(name);
    if (value != nullptr) return std::atoi(value);
  }
  return 0;
}

}  // namespace interlock
