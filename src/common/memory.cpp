#include "common/memory.h"

#include <limits>
#include <malloc.h>

namespace interlock {

void keep_freed_memory() {
  mallopt(M_MMAP_MAX, 0);  // large blocks too come from the heap, where they can be used again
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, 64 << 20);  // grow in steps of 64 MiB
}

}  // namespace interlock
