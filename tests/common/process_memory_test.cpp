#include "common/process_memory.h"

#include <sys/mman.h>

#include "support/catch.h"

namespace interlock {
namespace {

TEST_CASE("memory that the kernel cannot copy from is told from ordinary memory") {
  const int ordinary = 4711;
  if (!kernel_can_copy_from(&ordinary, sizeof(ordinary))) {
    WARN("skipped: this machine forbids process_vm_readv");
    return;
  }
  void* const closed = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(closed != MAP_FAILED);
  CHECK_FALSE(kernel_can_copy_from(closed, 16));
  munmap(closed, 4096);
}

}  // namespace
}  // namespace interlock
