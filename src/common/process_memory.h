#pragma once

#include <cstddef>

namespace interlock {

// Can another process of this user read this one's memory (process_vm_readv), as a sibling rank would for
// large messages? A child tries; containers often forbid it. From now on Yama lets other processes trace this
// one, as Open MPI's ranks ask it to. Call before threads start.
bool memory_is_readable_by_others();

// Can the kernel read this memory for another process at all? A driver's mapping, such as a GPU's pinned memory, may be
// none that it can copy from, where ordinary memory is.
bool kernel_can_copy_from(const void* memory, std::size_t bytes);

}  // namespace interlock
